"""What README.md promises is there: its commands parse, its tree is the tree on disk, its links lead somewhere."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]


def commands(*start):
    """Return what follows `start` in every command of the README, up to a redirection."""
    found = [words[len(start) :] for words in COMMANDS if words[: len(start)] == list(start)]
    assert found, f"the README shows no command {' '.join(start)}"
    return [words[: words.index(">")] if ">" in words else words for words in found]


@pytest.mark.parametrize("arguments", commands("unmask", "predict"))
def test_the_predict_commands_parse(arguments):
    from unmask.cli import app

    predict = typer.main.get_command(app).commands["predict"]
    assert predict.make_context("predict", arguments).params["files"]


@pytest.mark.parametrize("arguments", [words for words in commands("unmask") if words[0] != "predict"])
def test_the_other_commands_parse(arguments):
    from unmask.cli import app

    name, *rest = arguments
    typer.main.get_command(app).commands[name].make_context(name, rest)


@pytest.mark.parametrize("arguments", commands("accelerate", "launch", "train/train.py"))
def test_the_training_commands_parse(arguments):
    pytest.importorskip("jsonargparse", reason="the train extra is not installed")
    from unmask.training.config import parse_train_config

    assert parse_train_config(arguments).data


@pytest.mark.parametrize("arguments", commands("python", "train/score.py"))
def test_the_scoring_commands_parse(arguments, monkeypatch):
    pytest.importorskip("matplotlib", reason="the train extra is not installed")
    monkeypatch.setattr("sys.argv", ["score.py", *arguments])
    asked = runpy.run_path(str(ROOT / "train/score.py"))["parse_arguments"]()
    assert getattr(asked, "suite", None) or asked.data


@pytest.mark.parametrize("arguments", commands("python", "train/compare.py"))
def test_the_comparing_commands_parse(arguments, monkeypatch):
    pytest.importorskip("matplotlib", reason="the train extra is not installed")
    monkeypatch.setattr("sys.argv", ["compare.py", *arguments])
    assert runpy.run_path(str(ROOT / "train/compare.py"))["parse_arguments"]().runs


@pytest.mark.parametrize("arguments", commands("python", "train/calibrate.py"))
def test_the_calibrating_commands_parse(arguments, monkeypatch):
    pytest.importorskip("accelerate", reason="the train extra is not installed")
    monkeypatch.setattr("sys.argv", ["calibrate.py", *arguments])
    assert runpy.run_path(str(ROOT / "train/calibrate.py"))["parse_arguments"]().data


@pytest.mark.parametrize("arguments", commands("python", "train/push.py"))
def test_the_publishing_commands_parse(arguments):
    options = runpy.run_path(str(ROOT / "train/push.py"))["parse"](arguments)
    assert options.repo or options.space


def test_every_make_command_is_a_target():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z]+)", PAGE, flags=re.MULTILINE)
    assert {"demo", "test"} <= set(named) <= set(targets)


def test_every_recipe_that_it_names_is_there():
    assert [name for name in re.findall(r"train/recipes/\S+\.yaml", PAGE) if not (ROOT / name).is_file()] == []


def named_in_tree():
    """Return the entries of the README's tree below `train/` and `src/unmask/`."""
    tree = PAGE.split("## What lies where")[1].split("```")[1]
    return {line.split()[0].rstrip("/") for line in tree.splitlines() if re.match(r" {2}\S", line)}


@pytest.mark.parametrize("folder", ["src/unmask", "train"])
def test_the_tree_names_every_file_of_a_folder(folder):
    found = {path.name for path in (ROOT / folder).iterdir() if not path.name.startswith((".", "__pycache__"))}
    assert found - named_in_tree() == set()


def test_the_tree_names_nothing_that_is_not_there():
    folders = [ROOT / "src/unmask", ROOT / "train"]
    assert [name for name in named_in_tree() if not any((folder / name).exists() for folder in folders)] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/adr/README.md"])
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []
