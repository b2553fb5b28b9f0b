"""What README.md promises is there: its tree is the tree on disk, its links lead somewhere.

Its commands are tested in test_pasted_commands.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_the_pictures_are_small_enough_to_be_fetched_with_the_code():
    pictures = sorted((ROOT / "docs/images").glob("*.png"))
    assert [path.name for path in pictures] == ["page.png", "report.png"]
    assert all(path.stat().st_size <= 200_000 for path in pictures)
