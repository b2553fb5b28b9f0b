"""The report of a picture says all that was found, loads nothing, and holds the command that repeats it."""

from __future__ import annotations

import builtins
import dataclasses
import hashlib
import html
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unmask import __version__, write_picture_report
from unmask.detector import Detector
from unmask.errors import DataError, UnreadableImage
from unmask.media.drawing import draw_face
from unmask.picture_report import content
from unmask.picture_report.content import analyse
from unmask.picture_report.html import render_html
from unmask.picture_report.pdf import render_pdf

HOSTILE = "<script>alert('Ж')</script>"


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """A picture of two faces with a hostile name and hostile metadata."""
    path = tmp_path / "Ж <b>&'.png"
    notes = PngInfo()
    notes.add_itxt("Software", HOSTILE)
    Image.fromarray(np.hstack([draw_face(seed) for seed in (2, 3)])).save(path, pnginfo=notes)
    return path


def page_of(picture: Path, detector: Detector) -> str:
    write_picture_report(picture, detector, picture.with_name("out.html"))
    return picture.with_name("out.html").read_text(encoding="utf-8")


def pdf_text(content: bytes) -> str:
    """Return the text that a PDF shows, read from its own streams, a line for each piece."""
    streams = re.findall(rb"stream\n(.*?)endstream", content, re.DOTALL)
    pages = [zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x"]  # a line end follows
    pieces = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", b"\n".join(pages), re.DOTALL)
    return "\n".join(re.sub(rb"\\(.)", rb"\1", piece).decode("cp1252") for piece in pieces)


def test_it_says_what_was_found_by_what_and_when(group: Path, detector: Detector) -> None:
    page = html.unescape(page_of(group, detector))
    prediction, settings = detector.predict_image(group), detector.settings
    network = hashlib.sha256((detector.folder / "model.onnx").read_bytes()).hexdigest()
    for text in (
        hashlib.sha256(group.read_bytes()).hexdigest(), "512 × 256 px", prediction.reason, detector.name, network,
        f"real below {settings.real_threshold:.3f}, fake above {settings.fake_threshold:.3f}", "states no error rate",
        settings.calibrated_on, "haar", __version__, "UTC", "where the network looked, never where a forgery is",
        "changes no verdict", "PNG text",
    ):  # fmt: skip
        assert text in page, text
    for face in prediction.faces:
        assert f"fake probability {face.fake_probability:.3f}</h2>" in page
        assert f"<p>{face.box.width} × {face.box.height} px at {face.box.left}, {face.box.top}" in page
    assert page.count("data:image/jpeg") == 5  # the whole, and of each face the crop and the heat map


def test_the_promise_of_the_thresholds_is_told(group: Path, detector: Detector, tiny_detector: Path) -> None:
    promising = Detector(tiny_detector)
    promising.settings = dataclasses.replace(detector.settings, error_rate=0.07, trained_on=("a", "b"))
    page = page_of(group, promising)
    assert "at most 7 % of the real faces are called fake" in page
    assert "<td>a, b</td>" in page


def test_what_came_from_outside_is_escaped_and_nothing_is_loaded(group: Path, detector: Detector) -> None:
    page = page_of(group, detector)
    assert "<script" not in page
    assert "<b>" not in page
    assert html.escape(HOSTILE) in page
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "default-src 'none'" in page
    body = page[page.index("<body>") : page.index("</body>") + len("</body>")]
    ElementTree.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", body))  # every tag is closed


def test_the_pdf_says_in_text_what_the_page_says(group: Path, detector: Detector) -> None:
    finding = analyse(group, detector, public=False)
    words = " ".join(pdf_text(render_pdf(finding)).split())
    for text in (
        "\\u0416 <b>&'.png", finding.facts["SHA-256"], finding.facts["SHA-256 of model.onnx"], "never where a forgery",
        *(f"Face {face.number}: fake probability {face.fake_probability:.3f}" for face in finding.faces),
        "512 × 256 px", "no verdict.", "unmask predict", "written as its number",
    ):  # fmt: skip
        assert text in words, text


@pytest.mark.skipif(shutil.which("bash") is None, reason="the command is for bash")
@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_command_in_it_gives_the_same_numbers(form: str, group: Path, detector: Detector) -> None:
    finding = analyse(group, detector, public=False)
    if form == "html":
        (line,) = re.findall("<pre><code>(.*)</code></pre>", render_html(finding).decode())
        line = html.unescape(line)
    else:
        line = command_of(render_pdf(finding))
    programs = group.parent / "bin"
    programs.mkdir()
    (programs / "unmask").write_text(f'#!/bin/sh\nexec {sys.executable} -m unmask "$@"\n')
    (programs / "unmask").chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", line], cwd=group.parent, env=environment, capture_output=True, check=True)
    said = re.findall(r"(real|fake|uncertain) +(\d\.\d{3})  face (\d)", done.stdout.decode())
    assert said == [(verdict, probability, number) for number, verdict, probability, *_ in finding.rows]


def command_of(pdf: bytes) -> str:
    """Return the command of a PDF, with its line breaks, as a reader copies it."""
    return pdf_text(pdf).split("numbers:\n")[1].split("\nA letter")[0]


def test_a_picture_without_a_face_has_a_report_too(tmp_path: Path, detector: Detector) -> None:
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "grey.png")
    page = page_of(tmp_path / "grey.png", detector)
    assert "no face" in page
    assert page.count("data:image/jpeg") == 1
    assert "No face was found" in pdf_text(render_pdf(analyse(tmp_path / "grey.png", detector, public=False)))


def test_a_crowd_has_pictures_of_the_most_fake_and_a_row_for_all(
    group: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_SHOWN", 1)
    finding = analyse(group, detector, public=False)
    most = max(detector.predict_image(group).faces, key=lambda face: face.fake_probability)
    assert ([face.number for face in finding.faces], len(finding.rows)) == ([most.number], 2)


def test_the_crop_and_the_map_are_of_the_square_that_the_network_saw(group: Path, detector: Detector) -> None:
    (face, *_) = analyse(group, detector, public=False).faces
    said = detector.predict_image(group).faces[face.number - 1]
    box = said.crop_box
    assert box is not None
    seen = np.asarray(Image.open(group))[box.top : box.bottom, box.left : box.right]
    assert face.crop.shape == (content.SIDE, content.SIDE, 3)
    assert np.abs(face.crop.mean((0, 1)) - seen.mean((0, 1))).max() < 2
    assert face.heat is not None
    assert face.heat.shape == face.crop.shape


@pytest.mark.parametrize(
    ("picture", "output", "error", "told"),
    [
        ("gone.png", "out.html", UnreadableImage, "Could not read gone.png: there is no such file"),
        ("text.png", "out.html", UnreadableImage, "Could not read text.png: not a JPEG"),
        ("text.png", "text.png", DataError, "neither .html nor .pdf"),
        ("page.html", "page.html", DataError, "is the picture itself"),
        ("face.png", "face.png/out.html", DataError, "Could not write"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    picture: str, output: str, error: type[Exception], told: str, tmp_path: Path, detector: Detector
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    Image.new("RGB", (64, 64)).save(tmp_path / "face.png")
    with pytest.raises(error, match=re.escape(told)) as raised:
        write_picture_report(tmp_path / picture, detector, tmp_path / output)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out.html").exists()


def test_without_fpdf2_the_error_says_what_to_install(
    group: Path, detector: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("fpdf"):
            raise ImportError(name)
        return bring(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"pip install 'unmask\[app\]'"):
        write_picture_report(group, detector, group.with_name("out.pdf"))
