"""The tab Video without a server: what it answers to real clips and to what is none."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.media.drawing import draw_face
from unmask.media.provenance import read_provenance
from unmask.media.video import read_frames
from unmask.repeating import repeat_command, shell_line
from unmask.web import video_tab
from unmask.web.shelf import Choice, Shelf
from unmask.web.video_tab import JudgedClip, draw_clip, judge_upload

NAMES = (
    "judged", "status", "stop", "player", "verdict", "people", "downloads", "report", "draw", "annotated", "drawing",
    "raw",
)  # fmt: skip
Clip = Callable[..., Path]


@pytest.fixture(scope="module")
def shelf(tiny_detector: Path) -> Shelf:
    return Shelf(Detector(tiny_detector))


@pytest.fixture
def clip(uploads: Path, write_clip: Clip) -> Path:
    """An uploaded clip of 16 frames in which a drawn face moves."""
    frames = [np.full((200, 320, 3), 120, np.uint8) for _ in range(16)]
    for number, picture in enumerate(frames):
        picture[20:180, 20 + 4 * number : 180 + 4 * number] = draw_face(3, 160)
    return write_clip("uploads/clip.mp4", frames)


def judge(shelf: Shelf, path: Path, choice: Choice | None = None) -> Iterator[dict[str, Any]]:
    """Yield the tab's outputs by name, after the first, which only says that the clip is being read."""
    answers = judge_upload(shelf, choice, {"path": str(path)})
    assert "Reading the clip" in next(answers)[1]
    for answer in answers:
        yield dict(zip(NAMES, answer, strict=True))


def test_a_clip_is_judged_and_all_outputs_are_filled(shelf: Shelf, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_tab, "SHOW_EVERY", 0.0)
    pages = judge(shelf, clip)
    working = [next(pages) for _ in range(16)]
    assert "Judged 1 of 16 frames" in working[0]["status"]
    assert 'value="16"' in working[-1]["status"]
    assert working[0]["stop"]["visible"]
    last = next(pages)
    expected = shelf.own.predict_video(clip)
    assert last["raw"] == {**expected.to_dict(), "provenance": read_provenance(clip).to_dict()}
    assert last["judged"].prediction == expected
    assert "One person was found in 16 of 16 frames" in last["verdict"]
    assert last["people"].count('role="button" tabindex') == 16  # the points of the time line
    assert f"src='gradio_api/file={clip}'" in last["player"]
    assert not last["stop"]["visible"]
    assert last["downloads"]["visible"]
    assert "tiny@" in Path(last["report"]).read_text(encoding="utf-8")


def test_the_report_says_what_repeats_it_and_no_folder(shelf: Shelf, clip: Path) -> None:
    report = next(Path(page["report"]).read_text() for page in judge(shelf, clip) if page["raw"])
    words = repeat_command(clip.name, shelf.own, ["--frames", "32"], public=True)
    assert escape(shell_line(words)) in report
    assert str(clip.parent) not in report
    assert str(shelf.own.folder) not in report


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.mp4", b"just words " * 100, "not an MP4"),  # a text
        ("clip.mp4", b"\x00\x00\x00\x20ftypisom" + b"\x00" * 500, "Could not read clip.mp4"),  # cut short
        ("empty.mp4", b"", "it is empty"),
        ("face.png", None, "it is a picture, not a clip"),
    ],
)
def test_what_is_no_clip_is_a_sentence(
    shelf: Shelf, uploads: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is None:
        Image.fromarray(draw_face(1, 64)).save(uploads / name)
    else:
        (uploads / name).write_bytes(content)
    (page,) = judge(shelf, uploads / name)
    assert said in page["verdict"]
    assert "Nothing was judged" in page["verdict"]
    assert not page["downloads"]["visible"]
    assert (page["judged"], page["player"], page["people"], page["raw"]) == (None, "", "", None)


def test_a_clip_without_a_face_has_no_number_and_nothing_to_draw(shelf: Shelf, uploads: Path, write_clip: Clip) -> None:
    path = write_clip("uploads/empty.mp4", [np.full((64, 96, 3), 120, np.uint8)] * 3)
    (page,) = (page for page in judge(shelf, path) if page["verdict"])
    assert "No face was found in 3 of 3 frames" in page["verdict"]
    assert page["people"] == ""
    assert not page["draw"]["visible"]


def test_without_pyav_the_page_says_what_to_install(shelf: Shelf, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "unmask.media.video", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    (page,) = judge(shelf, clip)
    assert "pip install av" in page["verdict"]


def test_nothing_and_a_file_of_the_server_are_not_judged(shelf: Shelf, uploads: Path) -> None:
    assert "No clip yet" in next(judge_upload(shelf, None, None))[4]
    assert "was not uploaded" in next(judge_upload(shelf, None, {"path": "/etc/hostname"}))[4]


def test_the_annotated_clip_is_made_on_request(shelf: Shelf, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_tab, "SHOW_EVERY", 0.01)
    for status, button, download in draw_clip(JudgedClip(clip, shelf.own.predict_video(clip, 4))):
        assert not button["visible"]
        if download["visible"]:
            assert "is ready" in status
            assert Path(download["value"]).name == "clip-annotated.mp4"
            assert len(list(read_frames(download["value"], None))) == 16
            break
        assert "Drew into" in status
    else:
        pytest.fail("no clip came")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda judged: None, "There is no clip any more"),  # the session was forgotten
        (lambda judged: dataclasses.replace(judged, path=judged.path.with_name("gone.mp4")), "there is no such file"),
        (
            lambda judged: dataclasses.replace(
                judged, prediction=dataclasses.replace(judged.prediction, duration=4000.0)
            ),
            "unmask predict --annotate",  # longer than the page draws into
        ),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(
    shelf: Shelf, clip: Path, change: Callable[[JudgedClip], JudgedClip | None], said: str
) -> None:
    *_, (status, _, download) = draw_clip(change(JudgedClip(clip, shelf.own.predict_video(clip, 2))))
    assert said in status
    assert not download["visible"]


def test_whoever_goes_away_stops_the_work(shelf: Shelf, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_tab, "SHOW_EVERY", 0.0)
    asked: list[int] = []
    assess = Detector.assess_faces
    monkeypatch.setattr(Detector, "assess_faces", lambda *args: asked.append(1) or assess(*args))
    pages = judge_upload(shelf, None, {"path": str(clip)})
    for _ in range(3):
        next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert len(asked) < 10
