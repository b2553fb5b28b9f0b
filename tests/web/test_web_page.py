"""The page without a server: what its handler answers to real files, and how it is set up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.media.faces import make_face_finder
from unmask.media.provenance import read_provenance
from unmask.web import build_page, launch_page
from unmask.web.examples import write_examples
from unmask.web.page import judge_upload
from unmask.web.server import launch_options
from unmask.web.uploads import find_upload

NAMES = ("verdict", "pictures", "tabs", "boxed", "heat", "heat_tab", "table", "raw")


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that Gradio keeps uploads in, for one test."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


def judge(detector: Detector, path: Path) -> dict[str, Any]:
    """Return the page's outputs by name."""
    return dict(zip(NAMES, judge_upload(detector, {"path": str(path)}), strict=True))


@pytest.fixture
def face(uploads: Path, drawn_face: np.ndarray) -> Path:
    Image.fromarray(drawn_face).save(uploads / "face.png")
    return uploads / "face.png"


def test_a_face_is_boxed_judged_and_explained(detector: Detector, face: Path) -> None:
    page = judge(detector, face)
    assert "One face was found" in page["verdict"]
    assert page["pictures"]["visible"]
    assert page["boxed"]["value"].size == page["heat"]["value"].size == (640, 640)
    assert "face 1" in page["boxed"]["alt_text"]
    assert page["heat_tab"]["visible"]
    assert "<th scope='row'>1</th>" in page["table"]


def test_the_raw_result_is_that_of_the_library(detector: Detector, face: Path) -> None:
    provenance = {"provenance": read_provenance(face).to_dict()}
    assert judge(detector, face)["raw"] == detector.predict_image(face).to_dict() | provenance


def test_what_the_file_says_of_its_origin_stands_below_the_verdict_and_changes_none(
    detector: Detector, uploads: Path, face: Path
) -> None:
    texts = PngInfo()
    texts.add_text("parameters", "<img src=x onerror=alert(1)>")
    Image.open(face).save(uploads / "marked.png", pnginfo=texts)
    plain, marked = judge(detector, face), judge(detector, uploads / "marked.png")
    verdict, origin = marked["verdict"].split("<div class='provenance'>")
    assert plain["verdict"].startswith(verdict)
    assert "marks it as made by AI: PNG text parameters says “&lt;img" in origin
    assert "<img" not in origin
    assert "carries no Content Credentials" in plain["verdict"]


def test_without_a_face_no_number_is_shown(detector: Detector, uploads: Path) -> None:
    Image.new("RGB", (300, 200), "#88aacc").save(uploads / "sky.png")
    page = judge(detector, uploads / "sky.png")
    assert "No face found" in page["verdict"]
    assert "%" not in page["verdict"]
    assert not page["heat_tab"]["visible"]
    assert page["tabs"]["selected"] == "faces"  # the heat map may have been the chosen one
    assert page["table"] == ""
    assert page["raw"]["fake_probability"] is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.jpg", b"these are words"),  # another kind of file under a picture's name
        ("empty.png", b""),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("art.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),  # Pillow would start Ghostscript
        ("<script>.png", b"x"),
    ],
)
def test_what_is_no_picture_is_an_answer_and_no_exception(
    detector: Detector, uploads: Path, name: str, content: bytes
) -> None:
    (uploads / name).write_bytes(content)
    page = judge(detector, uploads / name)
    assert "This file could not be read" in page["verdict"]
    assert "<script>" not in page["verdict"]
    assert str(uploads) not in page["verdict"]
    assert not page["pictures"]["visible"]
    assert page["raw"] is None


def test_a_picture_too_large_to_decode_is_refused(detector: Detector, uploads: Path) -> None:
    Image.new("1", (9000, 9000)).save(uploads / "bomb.png")  # 81 megapixels in a few kilobytes
    assert "megapixels" in judge(detector, uploads / "bomb.png")["verdict"]


def test_a_tiff_that_pillow_would_open_is_refused(detector: Detector, uploads: Path) -> None:
    Image.new("RGB", (64, 64)).save(uploads / "scan.tiff")
    assert "not a JPEG" in judge(detector, uploads / "scan.tiff")["verdict"]


def test_taking_the_picture_away_clears_the_page(detector: Detector) -> None:
    page = dict(zip(NAMES, judge_upload(detector, None), strict=True))
    assert "No picture yet" in page["verdict"]
    assert not page["pictures"]["visible"]


def test_a_real_photo_is_judged(detector: Detector, uploads: Path, shared: Path) -> None:
    photo = sorted((shared / "data/hardfake/real_data").iterdir())[0]
    (uploads / photo.name).write_bytes(photo.read_bytes())
    assert judge(detector, uploads / photo.name)["raw"]["verdict"] in ("real", "fake", "uncertain")


def test_only_uploaded_files_are_read(uploads: Path, face: Path, tmp_path: Path, drawn_face: np.ndarray) -> None:
    Image.fromarray(drawn_face).save(tmp_path / "private.png")
    (uploads / "link.png").symlink_to(tmp_path / "private.png")
    assert find_upload({"path": str(face)}) == face.resolve()
    for path in (tmp_path / "private.png", uploads / ".." / "private.png", uploads / "link.png", Path("/etc/hostname")):
        with pytest.raises(MediaError, match="not uploaded"):
            find_upload({"path": str(path)})


@pytest.mark.parametrize("upload", [None, "face.png", 3, {}, {"path": None}, {"path": ["a"]}, {"path": "a\0b"}])
def test_what_is_no_upload_at_all_is_one_clear_error(upload: object) -> None:
    with pytest.raises(MediaError, match="No picture arrived"):
        find_upload(upload)


def test_the_page_offers_programs_one_endpoint(detector: Detector) -> None:
    info = build_page(detector).get_api_info()
    assert list(info["named_endpoints"]) == ["/predict_image"]
    endpoint = info["named_endpoints"]["/predict_image"]
    assert endpoint["parameters"][0]["python_type"]["type"] == "filepath"
    assert "fake_probability" in endpoint["returns"][0]["python_type"]["type"]


def test_nothing_phones_home_and_nothing_is_kept() -> None:
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert constants.HF_HUB_DISABLE_TELEMETRY
    options = launch_options()
    for switch in ("share", "run_history", "enable_monitoring", "ssr_mode", "pwa", "mcp_server"):
        assert options[switch] is False
    fonts = str(options["theme"]._get_theme_css())
    assert "http" not in fonts.replace("http://www.w3.org", "")
    assert "@font-face" not in fonts


def test_the_examples_show_one_face_three_faces_and_none(tmp_path: Path) -> None:
    finder = make_face_finder()
    counts = [len(finder.find_faces(np.asarray(Image.open(path)))) for path in write_examples(tmp_path)]
    assert counts == [1, 3, 0]


def test_a_port_that_is_taken_is_one_clear_error(detector: Detector) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnmaskError, match=f"port {port} is taken, .*GRADIO_SERVER_PORT"):
            launch_page(build_page(detector), server_port=port, block=False)


def test_building_the_page_leaves_nothing_behind_in_the_working_folder(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build_page(detector)
    assert list(tmp_path.iterdir()) == []


def test_the_page_needs_no_torch() -> None:
    code = "import sys, unmask.web; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
