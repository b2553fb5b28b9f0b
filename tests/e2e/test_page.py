"""The page in a real browser: files go in, verdicts and errors are read from the page."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
VERDICT = re.compile("Looks real|Looks fake|Cannot say")
# Gives the page a file as a paste from the clipboard or as a drop would; `type` is what the browser knows of it.
GIVE = """([how, name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const event = how === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector(how === "drop on the picture" ? "#picture button" : "body").dispatchEvent(event);
}"""


def choose(page: Any, file: Path) -> None:
    page.set_input_files("#picture input[type=file]", str(file))


def give(page: Any, how: str, file: Path, mime_type: str) -> None:
    page.evaluate(GIVE, [how, file.name, mime_type, base64.b64encode(file.read_bytes()).decode()])


def verdict_of(page: Any) -> str:
    """Wait for an answer and return its text."""
    page.wait_for_selector("#verdict .finding")
    return str(page.inner_text("#verdict"))


def wait_for_pictures(page: Any) -> None:
    page.wait_for_function("document.querySelector('#boxed img')?.naturalWidth > 0")


def test_an_uploaded_face_is_judged(visit: Visit, face_file: Path, tmp_path: Path) -> None:
    page = visit()
    choose(page, face_file)
    text = verdict_of(page)
    assert VERDICT.search(text)
    assert re.search(r"One face was found: fake probability \d+\.\d%", text)
    wait_for_pictures(page)
    assert "face 1" in page.get_attribute("#boxed img", "alt")
    assert page.inner_text("#faces tbody th") == "1"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=tmp_path / "face.png", full_page=True)


def test_a_real_photo_is_judged(visit: Visit, shared: Path, tmp_path: Path) -> None:
    page = visit()
    choose(page, sorted((shared / "data/hardfake/real_data").iterdir())[0])
    assert VERDICT.search(verdict_of(page))
    wait_for_pictures(page)
    page.screenshot(path=tmp_path / "photo.png", full_page=True)


@pytest.mark.parametrize("name", ["text.jpg", "text.txt"])
def test_a_text_file_is_an_error_in_words_on_the_page(visit: Visit, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no picture at all")
    page = visit()
    choose(page, tmp_path / name)
    text = verdict_of(page)
    assert "This file could not be read" in text
    assert f"Could not read {name}: not a JPEG" in text
    assert page.locator(".toast-body").count() == 0
    assert not page.locator("#boxed").is_visible()
    page.screenshot(path=tmp_path / "error.png", full_page=True)


@pytest.mark.parametrize("how", ["paste", "drop on the picture", "drop beside the picture"])
def test_a_picture_can_be_pasted_and_dropped(visit: Visit, face_file: Path, how: str) -> None:
    page = visit()
    give(page, how, face_file, "image/png")
    assert VERDICT.search(verdict_of(page))


def test_a_heic_photo_is_taken_though_the_browser_knows_no_such_type(
    visit: Visit, face_file: Path, tmp_path: Path
) -> None:
    from pillow_heif import from_pillow

    from_pillow(Image.open(face_file)).save(tmp_path / "photo.heic")
    page = visit()
    give(page, "drop on the picture", tmp_path / "photo.heic", "")
    assert VERDICT.search(verdict_of(page))


def test_a_second_picture_replaces_the_first_and_clearing_empties_the_page(
    visit: Visit, face_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.jpg").write_text("no picture at all")
    page = visit()
    choose(page, face_file)
    wait_for_pictures(page)
    give(page, "paste", tmp_path / "text.jpg", "image/jpeg")
    page.wait_for_selector("#verdict .error")
    page.click("#picture button[aria-label='Clear']")
    page.wait_for_selector("#verdict .waiting")


def test_the_heat_map_is_a_tab_away(visit: Visit, face_file: Path) -> None:
    page = visit()
    choose(page, face_file)
    wait_for_pictures(page)
    page.get_by_role("tab", name="Where the network looked").click()
    page.wait_for_function("document.querySelector('#heat img')?.naturalWidth > 0")
    assert "not where a forgery is" in page.inner_text(".legend")


def test_the_examples_work_and_the_last_has_no_face(visit: Visit) -> None:
    page = visit()
    page.click("#examples img[alt='Example: three drawn faces']")
    assert "3 faces were found" in verdict_of(page)
    wait_for_pictures(page)
    page.get_by_role("tab", name="Where the network looked").click()
    page.click("#examples img[alt='Example: no face']")
    page.wait_for_selector("#verdict .no_face")
    page.wait_for_selector("#boxed img", state="visible")  # the tab of the map, now gone, is left


def test_the_answer_is_announced_and_brought_into_view_on_a_phone(visit: Visit, face_file: Path) -> None:
    page = visit(viewport={"width": 390, "height": 700})
    region = page.get_by_role("status").filter(has_text="No picture yet")
    region.wait_for()
    region.evaluate("element => { window.region = element }")
    choose(page, face_file)
    verdict_of(page)
    assert page.evaluate("region.isConnected && region.querySelector('.finding') !== null")
    page.wait_for_function("document.querySelector('#verdict').getBoundingClientRect().top < innerHeight")


def test_the_page_can_be_worked_by_keyboard(visit: Visit) -> None:
    page = visit()
    page.wait_for_selector("#examples img[alt='Example: one drawn face']")
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("(e => e.ariaLabel || e.innerText || e.querySelector('img')?.alt)(document.activeElement)")
        )
    wanted = ("Use another detector", "Batch", "Click to upload", "Example: one drawn face", "What the verdicts mean")
    for name in wanted:
        assert any(name in (found or "") for found in names), (name, names)


def test_the_notes_name_detector_thresholds_and_privacy(visit: Visit) -> None:
    page = visit()
    assert "deleted there after about an hour" in page.inner_text("body")
    page.click("text=What the verdicts mean, and what judged this picture")
    page.wait_for_selector("#details >> text=real below 40.0%, fake above 60.0%")


def test_the_description_of_the_endpoint_opens(visit: Visit) -> None:
    page = visit()
    page.click("text=Use via API")
    page.wait_for_selector("text=/predict_image")


def test_the_report_of_the_picture_shown_is_downloaded(visit: Visit, face_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.open(face_file).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other)
    page = visit()
    page.set_input_files("#picture input[type=file]", [str(face_file), str(other)])
    page.wait_for_selector("#gallery >> text=Choose one")
    wait_for_pictures(page)
    for place, file in ((0, face_file), (1, other)):  # the first is shown at once, the second when chosen
        if place:
            before = page.get_attribute("#boxed img", "src")
            page.click("#gallery button[data-place='1']")
            page.wait_for_function(
                "(src) => document.querySelector('#boxed img')?.getAttribute('src') !== src", arg=before
            )
        for form in ("html", "pdf"):
            with page.expect_download() as download:
                page.click(f"#make-{form}")
            assert download.value.suggested_filename == f"unmask-{file.stem}.{form}"
            download.value.save_as(tmp_path / f"{file.stem}.{form}")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert digest in (tmp_path / f"{file.stem}.html").read_text(encoding="utf-8")
        assert (tmp_path / f"{file.stem}.pdf").read_bytes().startswith(b"%PDF-")
    report = page.context.new_page()
    report.set_content((tmp_path / "other.html").read_text(encoding="utf-8"))
    assert report.locator("img").count() == 3
    assert report.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    report.screenshot(path=tmp_path / "report.png", full_page=True)
