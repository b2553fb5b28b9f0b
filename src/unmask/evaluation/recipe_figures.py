"""What each training recipe reached and cost, as a table in a page, written from runs and never by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unmask.errors import DataError
from unmask.evaluation.comparison_page import training_faces
from unmask.evaluation.readme_scores import replace_block
from unmask.evaluation.run_scores import RunScores
from unmask.evaluation.runs import Run, read_runs
from unmask.evaluation.tables import number, render_table, without_empty_columns
from unmask.files import write_whole

BEGIN, END = "<!-- recipe figures:begin -->", "<!-- recipe figures:end -->"
RECIPES = Path("train/recipes")
MOST_RECIPE_BYTES = 1 << 20
NOT_COMPARED = ("data", "output", "resume", "workers", "face_model", "name")
"""Flags that say where a run took place, not what it was."""
OFF = (
    "limit",
    "init_weights",
    "max_minutes",
    "ema",
    "frozen_epochs",
    "lora_rank",
    "early_stopping",
    "self_blended",
    "teacher",
)
"""Flags that do nothing unless a recipe or a run sets them."""


def write_recipe_figures(folders: Sequence[Path | str], page: Path | str, recipes: Path | str = RECIPES) -> list[str]:
    """Put the figures of each recipe's run between the page's two markers, or print them where the page is `-`.

    Args:
        folders: run folders; a run belongs to the recipe whose name its folder has, or begins with and a dash.
        page: a page of Markdown with the two markers; made where there is none.
        recipes: the folder of the recipes.

    Returns:
        A line on each folder that was left out.

    Raises:
        DataError: no run is of a recipe, a recipe cannot be read, or the page lacks its markers.
    """
    flags = read_recipes(Path(recipes))
    runs, left_out = read_runs(folders)
    of_recipe = [(name, run) for run in runs if (name := recipe_of(run.name, list(flags)))]
    left_out += [f"{run.folder}: No recipe is called like this run." for run in runs if not recipe_of(run.name, flags)]
    if not of_recipe:
        lines = [*left_out, f"No run has the name of a recipe in {recipes}. Train one: --output runs/RECIPE."]
        raise DataError("\n".join(lines))
    block = render_recipe_figures(of_recipe, flags)
    if str(page) == "-":
        print(block)
        return left_out
    path = Path(page)
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else f"# Recipes\n\n{BEGIN}\n{END}\n"
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Could not read {page} ({error}). Name a page of Markdown.") from None
    write_whole(path, replace_block(text, block, BEGIN, END).encode())
    return left_out


def read_recipes(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the flags of each recipe by its name.

    Raises:
        DataError: there is no recipe, or one is no mapping of flags.
    """
    recipes = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            if path.stat().st_size > MOST_RECIPE_BYTES:
                raise ValueError("larger than 1 MiB")
            flags = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise DataError(f"Could not read the recipe {path} ({reason}). Mend it.") from None
        if not isinstance(flags, dict):
            raise DataError(f"The recipe {path} holds no flags. Write `flag: value` lines.")
        recipes[path.stem] = flags
    if not recipes:
        raise DataError(f"There is no recipe in {folder}. Start the command where train/ lies.")
    return recipes


def recipe_of(run: str, recipes: Sequence[str] | Mapping[str, Any]) -> str | None:
    """Return the recipe that a run is named after, None where there is none.

    Example:
        >>> recipe_of("meso4-224px", ["default", "meso4"])
        'meso4'
    """
    fitting = [name for name in recipes if run == name or run.startswith(f"{name}-")]
    return max(fitting, key=len, default=None)


def render_recipe_figures(of_recipe: Sequence[tuple[str, Run]], recipes: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the table of the runs, one line each, and what it was measured on."""
    titles = sorted({scores.title for _, run in of_recipe for scores in scores_on_test_sets(run)})
    head = ["Recipe", "Trained on", "Changed", "Input, px", "Training faces", "Epochs", "Validation AUC", *titles]
    head += ["Faces/s", "Peak memory, MB", "Minutes", "Scored on"]
    rows = [_row(name, run, recipes[name], titles) for name, run in sorted(of_recipe, key=lambda each: each[0])]
    missing = [name for name in recipes if name not in {recipe for recipe, _ in of_recipe}]
    head, rows = without_empty_columns(head, rows)
    parts = [
        render_table(head, rows, texts=3 if "Changed" in head else 2),
        "AUC by data set, over the scored pictures in which a face was found. Faces a second are of training with "
        "reading and augmenting in them, minutes with validation too; memory is the process's at its highest (a "
        "GPU's own where one trained). “Changed” names the recipe's flags that a run had otherwise, and what it "
        "switched on beside them.",
        "\n".join(f"- {title}: {_counts(of_recipe, title)}" for title in titles),
    ]
    if missing:
        parts.append(f"Without a run: {', '.join(missing)}.")
    return "\n\n".join(part for part in parts if part)


def scores_on_test_sets(run: Run) -> list[RunScores]:
    """Return a run's scores on anything but its own validation pictures."""
    return [scores for scores in run.scores if scores.entry["split"] != "validation"]


def changed_flags(recipe: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
    """Return the flags, with the run's values, in which a run departs from its recipe."""
    return [
        f"{flag.replace('-', '_')} {settings[flag.replace('-', '_')]}"
        for flag, value in recipe.items()
        if flag not in NOT_COMPARED
        and flag.replace("-", "_") in settings
        and _plain(settings[flag.replace("-", "_")]) != _plain(value)
    ]


def _row(name: str, run: Run, recipe: Mapping[str, Any], titles: Sequence[str]) -> list[str]:
    scores = {each.title: each for each in scores_on_test_sets(run)}
    data = run.settings.get("data")
    changed = changed_flags(recipe, run.settings)
    changed += [f"{flag} {run.settings[flag]}" for flag in OFF if flag not in recipe and run.settings.get(flag)]
    return [
        name,
        ", ".join(map(str, data)) if isinstance(data, list) and data else "–",
        ", ".join(changed) or "–",
        str(run.settings.get("input_size", "–")),
        training_faces(run),
        f"{run.history[-1]['epoch']:g}",
        number(run.kept["validation_auc"]),
        *(number(scores[t].entry["metrics"].get("auc")) if t in scores else "–" for t in titles),
        number(run.faces_per_second, 0),
        number(run.peak_memory_mb, 0),
        number(run.minutes, 1),
        max((each.date for each in scores.values()), default="–"),
    ]


def _counts(of_recipe: Sequence[tuple[str, Run]], title: str) -> str:
    """Return how many pictures of a data set were scored, as a span where the runs differ."""
    entries = [each.entry["counts"] for _, run in of_recipe for each in scores_on_test_sets(run) if each.title == title]
    scored, available = sorted({e["scored"] for e in entries}), sorted({e["available"] for e in entries})
    span = f"{scored[0]:,}" if len(scored) == 1 else f"{scored[0]:,} to {scored[-1]:,}"
    return f"{span} of {available[-1]:,} pictures scored"


def _plain(value: Any) -> Any:
    """Return a flag's value for comparing: YAML reads 6e-4 as text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
