"""Make the pictures of README.md and docs/index.md: the page and a report, on faces that this project drew.

`make pictures` runs it. It needs Playwright and a Chromium, and no network.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # the same face finder everywhere, as far as that can be
os.environ["UNMASK_FACE_MODEL"] = "haar"

from PIL import Image

from unmask import load_detector, write_picture_report
from unmask.files import write_whole
from unmask.web import build_page, launch_page
from unmask.web.examples import write_examples

FOLDER = Path(__file__).resolve().parent / "images"
MOST_BYTES = 200_000
PAGE, REPORT = (1200, 900), (860, 1000)
"""Width and height of what is shown, in pixels."""
EXAMPLE = "three-drawn-faces.jpg"


def main() -> int:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("The pictures need Playwright. Install it: pip install -e '.[app,dev]'.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        os.environ["GRADIO_TEMP_DIR"] = temporary
        example = next(path for path in write_examples(Path(temporary)) if path.name == EXAMPLE)
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        save("page.png", picture_of_page(browser, example))
        save("report.png", picture_of_report(browser, example))
        browser.close()
    return 0


def picture_of_page(browser: Any, example: Path) -> bytes:
    """Return a PNG of the page with the example judged."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = build_page(load_detector())
    address = launch_page(page, server_name="127.0.0.1", server_port=port, block=False)
    try:
        view = open_view(browser, PAGE)
        view.goto(address)
        view.wait_for_selector("html[data-listening] #picture input[type=file]", state="attached")
        view.set_input_files("#picture input[type=file]", str(example))
        view.wait_for_function("document.querySelector('#boxed img')?.naturalWidth > 0")
        view.wait_for_function("[...document.images].every((image) => image.complete)")
        view.evaluate("scrollTo(0, 0)")
        view.wait_for_timeout(500)  # until nothing slides or fades any more
        return bytes(view.screenshot())
    finally:
        page.close(verbose=False)


def picture_of_report(browser: Any, example: Path) -> bytes:
    """Return a PNG of the beginning of the example's report."""
    report = example.with_name("report.html")
    write_picture_report(example, load_detector(), report)
    view = open_view(browser, REPORT)
    view.set_content(report.read_text(encoding="utf-8"))
    view.wait_for_function("[...document.images].every((image) => image.complete)")
    return bytes(view.screenshot())


def open_view(browser: Any, size: tuple[int, int]) -> Any:
    view = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
    view.set_default_timeout(120_000)
    return view


def save(name: str, content: bytes) -> None:
    """Write a PNG with as many colours as fit into the limit."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    for colours in (256, 128, 64, 32):
        file = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if len(file.getvalue()) <= MOST_BYTES:
            break
    else:
        raise SystemExit(f"{name} has {len(file.getvalue())} bytes even with {colours} colours. Show less of it.")
    write_whole(FOLDER / name, file.getvalue())
    print(f"{FOLDER / name}: {len(file.getvalue()) // 1000} kB, {colours} colours")


if __name__ == "__main__":
    sys.exit(main())
