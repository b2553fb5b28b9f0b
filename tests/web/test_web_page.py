"""The page without a server: its tabs, its endpoints for programs, and how it is set up."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants
from PIL import Image

from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.media.faces import make_face_finder
from unmask.web import build_page, launch_page
from unmask.web.examples import write_examples
from unmask.web.page import TABS
from unmask.web.server import launch_options
from unmask.web.uploads import find_upload, find_uploads


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture
def face(uploads: Path, drawn_face: np.ndarray) -> Path:
    Image.fromarray(drawn_face).save(uploads / "face.png")
    return uploads / "face.png"


def test_only_uploaded_files_are_read(uploads: Path, face: Path, tmp_path: Path, drawn_face: np.ndarray) -> None:
    Image.fromarray(drawn_face).save(tmp_path / "private.png")
    (uploads / "link.png").symlink_to(tmp_path / "private.png")
    assert find_upload({"path": str(face)}) == face.resolve()
    for path in (tmp_path / "private.png", uploads / ".." / "private.png", uploads / "link.png", Path("/etc/hostname")):
        with pytest.raises(MediaError, match="not uploaded"):
            find_upload({"path": str(path)})


@pytest.mark.parametrize("upload", [None, "face.png", 3, {}, {"path": None}, {"path": ["a"]}, {"path": "a\0b"}])
def test_what_is_no_upload_at_all_is_one_clear_error(upload: object) -> None:
    with pytest.raises(MediaError, match="No file arrived"):
        find_upload(upload)


def test_uploads_are_one_or_many_or_none(uploads: Path, face: Path) -> None:
    upload = {"path": str(face)}
    assert find_uploads(None) == find_uploads([]) == []
    assert find_uploads(upload) == [face.resolve()]
    assert find_uploads([upload, upload]) == [face.resolve()] * 2


def test_the_page_has_its_tabs(detector: Detector) -> None:
    tabs = [block.label for block in build_page(detector).blocks.values() if type(block).__name__ == "Tab"]
    assert [label for label in tabs if label in TABS] == ["Image", "Video", "Batch", "Live", "About this detector"]


@pytest.mark.parametrize(
    ("name", "takes", "gives"),
    [
        ("/predict_image", ["filepath"], ["fake_probability", "faces"]),
        ("/predict_video", ["filepath", "int"], ["fake_probability", "people", "frames_judged", "reasons"]),
        ("/predict_batch", ["list[filepath]"], ["file", "verdict", "fake_probability", "faces", "reason"]),
        ("/detector", [], ["name", "real_threshold", "fake_threshold", "license"]),
    ],
)
def test_the_page_offers_programs_typed_endpoints(
    detector: Detector, name: str, takes: list[str], gives: list[str]
) -> None:
    endpoints = build_page(detector).get_api_info()["named_endpoints"]
    assert set(endpoints) == {"/predict_image", "/predict_video", "/predict_batch", "/detector"}
    assert [each["python_type"]["type"] for each in endpoints[name]["parameters"]] == takes
    assert all(f"{key}: " in endpoints[name]["returns"][0]["python_type"]["type"] for key in gives)
    assert endpoints[name]["description"]


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
