"""The choice of a detector: loaded once, for one session, and from the Hub alone for strangers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from unmask.detector import Detector
from unmask.errors import DetectorNotFound, UnmaskError
from unmask.web import shelf as shelves
from unmask.web.detector_choice import sits_here
from unmask.web.shelf import Choice, Shelf, choose


@pytest.fixture(scope="module")
def own(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was loaded, in place of a Hub."""
    found: list[str] = []
    monkeypatch.setattr(shelves, "load_public_detector", lambda source, revision: found.append(source) or source)
    return found


@pytest.mark.parametrize(
    ("source", "revision", "local", "choice"),
    [
        ("", "", False, None),  # the page's own
        (" user/name ", "", False, Choice("user/name")),
        ("user/name", " v1 ", False, Choice("user/name", "v1")),
        ("user/name", "", True, Choice("user/name", public=False)),
        ("/some/folder", "", True, Choice("/some/folder", public=False)),
    ],
)
def test_what_was_typed_becomes_a_choice(source: str, revision: str, local: bool, choice: Choice | None) -> None:
    assert choose(source, revision, local=local) == choice


@pytest.mark.parametrize("source", ["/etc", "./runs/mine", "../x", "~/x", "a/b/c", "folder", "\\\\host\\share"])
def test_strangers_cannot_name_a_folder(source: str) -> None:
    with pytest.raises(DetectorNotFound, match="Only detectors on the Hub"):
        choose(source, "", local=False)


def test_a_folder_named_like_a_hub_id_is_not_read_for_strangers(
    own: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_detector: Path
) -> None:
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "name").symlink_to(tiny_detector)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DetectorNotFound, match="offline"):
        Shelf(own).get(choose("user/name", "", local=False))
    assert Shelf(own).get(choose("user/name", "", local=True)).settings.name == "tiny"


def test_the_pages_own_is_the_default_and_a_folder_is_loaded_once(own: Detector, tiny_detector: Path) -> None:
    shelf, choice = Shelf(own), Choice(str(tiny_detector), public=False)
    assert shelf.get(None) is own
    assert shelf.get(choice) is shelf.get(choice) is not own


def test_the_one_unused_for_longest_makes_room(own: Detector, loads: list[str]) -> None:
    shelf = Shelf(own)
    for name in ("a/a", "b/b", "a/a", "c/c", "a/a", "b/b"):
        shelf.get(Choice(name))
    assert loads == ["a/a", "b/b", "c/c", "b/b"]


def test_strangers_cannot_fill_the_disk(own: Detector, loads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "MOST_FETCHED", 2)
    shelf = Shelf(own)
    shelf.get(Choice("a/a"))
    shelf.get(Choice("b/b"))
    with pytest.raises(UnmaskError, match="which is all it takes"):
        shelf.get(Choice("c/c"))
    shelf.get(Choice("a/a"))


def asked(host: str = "127.0.0.1:7860", client: str = "127.0.0.1", **headers: str) -> Any:
    return SimpleNamespace(client=SimpleNamespace(host=client), headers={"host": host, **headers})


def page_at(name: str = "127.0.0.1", share: bool = False) -> Any:
    return SimpleNamespace(server_name=name, share=share)


@pytest.mark.parametrize(
    ("page", "request_", "here"),
    [
        (page_at(), asked(), True),
        (page_at("localhost"), asked("localhost:7860"), True),
        (page_at("0.0.0.0"), asked(), False),  # serves others too
        (page_at(share=True), asked(), False),
        (page_at(), asked("unmask.example.org:80"), False),  # a proxy, or another site's name for this address
        (page_at(), asked("localhost.example.org:80"), False),
        (page_at(), asked(client="10.0.0.7"), False),
        (page_at(), asked(**{"x-forwarded-for": "10.0.0.7"}), False),
    ],
)
def test_who_sits_at_this_machine(page: Any, request_: Any, here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACE_ID", raising=False)
    assert sits_here(page, request_) is here


def test_nobody_sits_at_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPACE_ID", "user/space")
    assert not sits_here(page_at(), asked())
