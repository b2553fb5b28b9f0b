"""The recipes' figures come from runs that carry a recipe's name, and say where a run departs from it."""

import pytest

from unmask.errors import DataError
from unmask.evaluation.recipe_figures import BEGIN, END, changed_flags, recipe_of, write_recipe_figures


@pytest.fixture
def recipes(tmp_path):
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "meso4.yaml").write_text("backbone: test_resnet\nepochs: 9\nlr: 6e-4\n")
    (folder / "vit.yaml").write_text("backbone: vit_base\n")
    return folder


def test_the_table_holds_the_figures_of_the_test_sets_and_the_costs(make_run, make_scores, recipes, tmp_path):
    scores = [make_scores(split="validation"), make_scores(name="other", reals=50, available=900)]
    run = make_run("meso4", scores=scores, lr=6e-4)
    page = tmp_path / "recipes.md"
    left_out = write_recipe_figures([run, make_run("mine", scores=[])], page, recipes)
    assert left_out == [f"{run.parent / 'mine'}: No recipe is called like this run."]
    text = page.read_text()
    head, _, row = [line for line in text.splitlines() if line.startswith("|")]
    assert "| other (test) | Faces/s | Peak memory, MB | Minutes | Scored on |" in head
    assert "validation)" not in head
    assert row.startswith("| meso4 | faces | epochs 3 | 96 | 1,200 | 3 | 0.800 | ")
    assert " | 71 | 902 | 4.5 | 2" in row
    assert "- other (test): 90 of 900 pictures scored" in text
    assert "Without a run: vit." in text


def test_what_stands_around_the_table_stays(make_run, recipes, tmp_path):
    page, run = tmp_path / "page.md", make_run("meso4", scores=[])
    page.write_text(f"# Mine\n\n{BEGIN}\nby hand\n{END}\n\nmore\n")
    write_recipe_figures([run], page, recipes)
    text = page.read_text()
    assert text.startswith(f"# Mine\n\n{BEGIN}\n| Recipe |")
    assert text.endswith(f"\n{END}\n\nmore\n")
    assert "by hand" not in text


def test_a_dash_prints_the_table(make_run, recipes, capsys):
    write_recipe_figures([make_run("meso4-again", scores=[])], "-", recipes)
    assert capsys.readouterr().out.startswith("| Recipe |")


WRONG = {
    "no run of a recipe": ("mine", {}, "page.md", "No run has the name of a recipe"),
    "a page without the markers": ("meso4", {}, "recipes/meso4.yaml", "once each, in that order"),
    "a recipe that is no mapping": ("meso4", {"bad.yaml": "- 1"}, "page.md", "holds no flags"),
    "a recipe that is no YAML": ("meso4", {"bad.yaml": "a: [1"}, "page.md", "Could not read the recipe"),
    "a recipe that asks for an object": ("meso4", {"bad.yaml": "a: !!python/name:os.system"}, "page.md", "Could not"),
}


@pytest.mark.parametrize(("name", "more", "page", "message"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_an_error_that_says_what_to_do(make_run, recipes, tmp_path, name, more, page, message):
    for file, text in more.items():
        (recipes / file).write_text(text)
    with pytest.raises(DataError, match=message):
        write_recipe_figures([make_run(name, scores=[])], tmp_path / page, recipes)


NAMES = [
    ("meso4", "meso4"),
    ("meso4-224px", "meso4"),
    ("meso4-deep-2", "meso4-deep"),  # the longest name that fits
    ("meso40", None),
    ("mine", None),
]


@pytest.mark.parametrize(("run", "recipe"), NAMES)
def test_a_run_belongs_to_the_recipe_it_is_named_after(run, recipe):
    assert recipe_of(run, ["meso4", "meso4-deep"]) == recipe


def test_only_flags_that_differ_are_changed_ones():
    recipe = {"lr": "6e-4", "batch-size": 16, "epochs": 9, "workers": 4, "unknown": 1}
    assert changed_flags(recipe, {"lr": 0.0006, "batch_size": 8, "epochs": 9, "workers": 1}) == ["batch_size 8"]
