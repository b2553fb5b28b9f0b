"""The run's configuration: recipe files, flags as people type them, and the command that repeats a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from unmask.training.config import parse_train_config, weights_name


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--data", "a", "--data", "b"], "data", ["a", "b"]),  # a repeated flag adds
        (["--data=a"], "data", ["a"]),  # with an equals sign
        (['--data=["a", "b"]'], "data", ["a", "b"]),  # as a list
        (["--batch-size", "7"], "batch_size", 7),  # dashes, as shells have it
        (["--batch_size", "7"], "batch_size", 7),  # underscores, as Python has it
        (["--lr", "2e-4"], "lr", 2e-4),  # PyYAML alone would read a string
        (["--pretrained"], "pretrained", True),  # a switch needs no value
        (["--pretrained", "false"], "pretrained", False),  # but may have one
        (["--pretrained", "--seed", "3"], "seed", 3),  # a switch does not eat the next flag
    ],
)
def test_flags(arguments: list[str], field: str, value: object) -> None:
    assert getattr(parse_train_config(arguments), field) == value


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("home/ada/runs/first/detector", "runs/first/detector"),  # of a run: without the machine's part
        ("home/ada/weights/resnet18", "resnet18"),  # any other: the folder alone
    ],
)
def test_a_folder_of_weights_is_named_without_its_machine(folder: str, name: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert weights_name(str(tmp_path / folder)) == name
    assert weights_name(folder) == folder  # none here: a repository's id stays as it is


def test_flags_win_over_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("lr: 2e-4\nepochs: 9\ndata: [x]\n")
    config = parse_train_config(["--config", str(recipe), "--epochs", "3", "--data", "y"])
    assert (config.lr, config.epochs, config.data) == (2e-4, 3, ["y"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["--epochs", "many"],  # not a number
        ["--no-such-flag", "1"],  # unknown
        ["--balance", "sideways"],  # not a choice
        ["--config", "missing.yaml"],  # no such recipe
    ],
)
def test_wrong_arguments_end_with_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse_train_config(arguments)
    assert stopped.value.code == 2
    assert "error" in capsys.readouterr().err


def test_flags_win_over_a_recipe_wherever_they_stand() -> None:
    recipe = ["--config", str(Path(__file__).parents[2] / "train/recipes/meso4.yaml")]
    assert parse_train_config([*recipe, "--lr", "0.5"]).lr == 0.5
    assert parse_train_config(["--lr", "0.5", *recipe]).lr == 0.5
    assert parse_train_config(["--lr", "0.5", *recipe]).backbone == "meso4"


def test_every_recipe_is_read() -> None:
    recipes = sorted((Path(__file__).parents[2] / "train/recipes").glob("*.yaml"))
    assert recipes
    for recipe in recipes:
        parse_train_config(["--config", str(recipe)])
