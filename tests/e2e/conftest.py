"""The page, served on a free port of this machine, and a headless Chromium that may go nowhere else."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.media.drawing import draw_face
from unmask.web import build_page, launch_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
QUIET += ("--disable-sync", "--no-first-run")
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Gradio asks how far an upload is, and is answered with 404 where it was done before; it prints that as `Response`.
UPLOADED = "/upload_progress?"
# Gradio's description of the endpoints asks whether these are on.
TURNED_OFF = ("/monitoring/summary", "/mcp/schema")


@dataclass
class Served:
    """A page that is being served, the folder of its uploads, and where its process connected to."""

    address: str
    uploads: Path
    blocks: Any
    connections: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")  # gone before the tests of other folders run
def served(tiny_detector: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of an untrained detector, served for one file of tests."""
    with pytest.MonkeyPatch.context() as patch:
        uploads = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        connections: list[str] = []
        connect = socket.socket.connect

        def recording_connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6):
                connections.append(address[0])
            return connect(self, address)

        patch.setattr(socket.socket, "connect", recording_connect)
        page = build_page(Detector(tiny_detector))
        address = launch_page(page, server_name="127.0.0.1", server_port=free_port(), block=False)
        yield Served(address, uploads, page, connections)
        page.close(verbose=False)


def write_y4m(path: Path, frames: list[np.ndarray], rate: int = 10) -> None:
    """Write frames (uint8 RGB [H, W, 3], even sides) as the raw film that Chromium takes for a camera."""
    height, width = frames[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames:
            file.write(b"FRAME\n")
            for plane, step in zip(Image.fromarray(frame).convert("YCbCr").split(), (1, 2, 2), strict=True):
                file.write(np.asarray(plane)[::step, ::step].tobytes())


@pytest.fixture(scope="module")  # gone before the tests of other folders run
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium whose camera shows a drawn face; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="opening the page needs Playwright")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    scene = np.full((480, 640, 3), 200, np.uint8)
    scene[40:440, 120:520] = draw_face(seed=1, size=400)
    film = tmp_path_factory.mktemp("camera") / "face.y4m"
    write_y4m(film, [np.roll(scene, shift, axis=1) for shift in range(-8, 8, 2)])
    flags = [*QUIET, *CAMERA, f"--use-file-for-fake-video-capture={film}"]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """A function that opens the page; at the end no request may have left this machine, nor a script failed."""
    foreign: list[str] = []
    problems: list[str] = []
    contexts = []

    def stay_here(route: Any) -> None:
        if route.request.url.startswith((served.address, "data:", "blob:")):
            route.continue_()
        else:
            foreign.append(route.request.url)
            route.abort()

    def note(message: Any) -> None:
        known = message.location["url"].endswith(TURNED_OFF) or UPLOADED in message.location["url"]
        if message.type == "error" and not known and message.text != "Response":
            problems.append(f"{message.text} {message.location}")

    def open_page(**options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        context.route("**/*", stay_here)
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(served.address)
        page.wait_for_selector("#verdict [class~=waiting]")
        page.wait_for_selector("html[data-listening] #picture input[type=file]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert foreign == []
    assert problems == []


@pytest.fixture(scope="session")
def face_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn face as a PNG file."""
    path = tmp_path_factory.mktemp("face") / "face.png"
    Image.fromarray(draw_face(seed=1, size=400)).save(path)
    return path
