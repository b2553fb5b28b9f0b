"""A registry finds its parts by itself and answers a wrong name with the nearest right ones."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unmask.errors import UnmaskError
from unmask.registry import Registry

HOME = """
from unmask.registry import Registry
parts = Registry("part", package="family_of_parts")
"""
PART = """
from family_of_parts import parts
@parts.register({name!r})
def part():
    return {name!r}
"""


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A family of two parts, `hammer` and `saw`, each in a file that nobody imports."""
    package = tmp_path / "family_of_parts"
    package.mkdir()
    (package / "__init__.py").write_text(HOME)
    for name in ("saw", "hammer"):
        (package / f"{name}.py").write_text(PART.format(name=name))
    monkeypatch.syspath_prepend(tmp_path)
    import family_of_parts

    yield family_of_parts.parts
    for name in [name for name in sys.modules if name.startswith("family_of_parts")]:
        del sys.modules[name]


def test_parts_are_discovered_and_sorted(parts: Registry) -> None:
    assert list(parts) == ["hammer", "saw"]
    assert len(parts) == 2
    assert parts["saw"]() == "saw"


@pytest.mark.parametrize(
    ("wrong", "suggestion"),
    [
        ("hamer", "Did you mean hammer?"),  # a slip: the nearest
        ("xyzzy", "Did you mean hammer, saw?"),  # nothing near: all there are
    ],
)
def test_a_wrong_name_is_answered_with_right_ones(wrong: str, suggestion: str, parts: Registry) -> None:
    with pytest.raises(UnmaskError, match="There is no part") as caught:
        parts[wrong]
    assert str(caught.value).endswith(suggestion)


def test_a_name_is_taken_once(parts: Registry) -> None:
    assert len(parts) == 2
    with pytest.raises(UnmaskError, match="registered twice"):
        parts.register("saw")(object())
