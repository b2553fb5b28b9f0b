"""requirements.txt says what pyproject.toml says, so that the two ways to install give the same."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it to older Pythons

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def listed():
    """Return the requirements that requirements.txt lists, without comments and pip's options."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith(("#", "-"))]


def test_it_lists_the_core_and_every_extra_and_nothing_else():
    extras = PROJECT["optional-dependencies"].values()
    assert set(listed()) == set(PROJECT["dependencies"]).union(*extras)


def test_it_lists_nothing_twice():
    assert len(listed()) == len(set(listed()))


def test_the_extras_are_the_promised_ones():
    assert sorted(PROJECT["optional-dependencies"]) == ["app", "attacks", "dev", "scan", "train"]


def test_core_and_app_stay_free_of_torch():
    light = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["app"]]
    assert not [name for name in light if name.startswith(("torch", "timm", "transformers", "accelerate"))]
