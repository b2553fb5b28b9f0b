"""Every tab in a real browser: real files, a camera, light and dark, a phone, and a look for barriers."""

from __future__ import annotations

import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unmask.clips import ClipJudging
from unmask.media.drawing import draw_face
from unmask.media.video import read_frames
from unmask.web import video_tab

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(scope="module")
def three_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of three drawn faces."""
    path = tmp_path_factory.mktemp("group") / "group.jpg"
    Image.fromarray(np.hstack([draw_face(seed, size=256) for seed in (2, 3, 4)])).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def zip_file(three_faces: Path, face_file: Path) -> Path:
    """A zip of two pictures, one broken and one called as a script would be."""
    path = three_faces.with_name("mixed.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(three_faces, "group.jpg")
        archive.writestr("broken.jpg", b"\xff\xd8\xff nothing more")
        archive.write(face_file, "<img src=x onerror=alert(1)>.png")
    return path


@pytest.fixture
def clip(write_clip: Callable[..., Path]) -> Path:
    """A clip of a drawn face that moves, in a codec that every Chromium plays."""
    frames = [np.full((240, 320, 3), 120, np.uint8) for _ in range(12)]
    for number, picture in enumerate(frames):
        picture[30:210, 20 + 6 * number : 200 + 6 * number] = draw_face(3, 180)
    return write_clip("clip.webm", frames, codec="libvpx", rate=6)


def go_to(page: Any, tab: str) -> None:
    """Open a tab, in the menu of those that find no place where there is one."""
    place = page.get_by_role("tab", name=tab)
    if not place.count():
        page.click("button[aria-label='More tabs']")
        place = page.locator(".overflow-dropdown button", has_text=tab)
    place.click()


def check(page: Any, folder: Path, name: str) -> None:
    """Look for serious barriers (axe-core) and for a page wider than the screen, and take its picture."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the check needs axe-playwright-python")
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    faults = [
        (fault["id"], [node["html"][:120] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert faults == [], name


def judge_batch(page: Any, *files: Path) -> None:
    page.set_input_files("#batch-files input[type=file]", [str(file) for file in files])
    page.wait_for_selector(f"#batch-files [aria-label='{files[-1].name}']")
    page.click("#batch-start")
    page.wait_for_selector("#batch-csv", state="visible")


@pytest.mark.parametrize("view", VIEWS)
def test_every_tab_works_without_barriers(
    visit: Visit, served: Any, three_faces: Path, face_file: Path, zip_file: Path, clip: Path, tmp_path: Path, view: str
) -> None:
    page = visit(**VIEWS[view])
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    page.wait_for_selector("#examples img[alt='Example: no face']")  # named once the pictures are loaded
    check(page, tmp_path, "empty")

    page.set_input_files("#picture input[type=file]", [str(three_faces), str(text), str(face_file)])
    page.wait_for_selector("text=3 pictures. Choose one")
    assert "3 faces were found" in page.inner_text("#verdict")
    page.wait_for_function("document.querySelector('#boxed img')?.naturalWidth > 0")
    check(page, tmp_path, "image")

    go_to(page, "Video")
    check(page, tmp_path, "video-empty")
    page.set_input_files("#clip input[type=file]", str(clip))
    page.wait_for_selector("#clip-verdict >> text=One person was found in 12 of 12 frames")
    page.wait_for_function("document.querySelector('#clip-player video').readyState >= 1")
    check(page, tmp_path, "video")

    go_to(page, "Batch")
    judge_batch(page, zip_file)
    assert "3 files:" in page.inner_text("#batch-status")
    check(page, tmp_path, "batch")

    go_to(page, "Live")
    kept = sum(1 for _ in served.uploads.rglob("*"))
    page.click("#camera div[title='grant webcam access'] button")
    page.click("#camera button.capture-button")
    page.wait_for_function("document.querySelector('#live-seen img')?.naturalWidth > 0")
    page.wait_for_selector("#live-verdict >> text=/Averaged fake probability/")
    assert re.search(r"This frame: 1 face, fake probability .*%; judged in \d+ ms", page.inner_text("#live-verdict"))
    assert sum(1 for _ in served.uploads.rglob("*")) == kept  # no frame is written
    check(page, tmp_path, "live")
    page.click("#camera button.capture-button")  # which stops it

    go_to(page, "About this detector")
    page.wait_for_selector("#about >> text=below 40.0% is called real")
    page.click("text=Its model card")
    page.wait_for_selector("#card-text", state="visible")
    check(page, tmp_path, "about")


def moment(page: Any) -> float:
    return float(page.evaluate("document.querySelector('#clip-player video').currentTime"))


def test_a_time_line_jumps_by_keyboard_and_mouse(visit: Visit, clip: Path, tmp_path: Path) -> None:
    page = visit()
    go_to(page, "Video")
    page.set_input_files("#clip input[type=file]", str(clip))
    points = page.locator("#clip-people .time-line [data-time]")
    points.nth(11).wait_for()
    page.wait_for_function("document.querySelector('#clip-player video').readyState >= 1")
    times = [float(points.nth(place).get_attribute("data-time")) for place in range(12)]
    points.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert moment(page) == pytest.approx(times[2], abs=0.01)
    assert points.nth(2).get_attribute("tabindex") == "0"  # the one that the tab key reaches
    page.wait_for_selector("#clip-people .time-line [data-time].now")
    line = page.locator("#clip-people .time-line svg")
    point, plot = points.nth(8).bounding_box(), line.bounding_box()
    beside = {"x": point["x"] + point["width"] / 2 - plot["x"] + 2, "y": plot["height"] / 2}
    line.click(position=beside)
    assert moment(page) == pytest.approx(times[8], abs=0.01)
    page.locator("#clip-people .moments button").first.press("Enter")
    assert moment(page) == pytest.approx(
        float(page.get_attribute("#clip-people .moments button", "data-time")), abs=0.01
    )

    with page.expect_download() as report:
        page.click("#clip-report")
    assert report.value.suggested_filename == "clip-unmask.html"
    assert "tiny@" in Path(report.value.path()).read_text()
    page.click("#clip-draw")
    page.wait_for_selector("#clip-drawing >> text=The annotated clip is ready")
    with page.expect_download() as drawn:
        page.click("#clip-annotated")
    drawn.value.save_as(tmp_path / "drawn.mp4")
    assert len(list(read_frames(tmp_path / "drawn.mp4", None))) == 12


def test_what_is_no_clip_is_said_and_the_next_one_is_judged(
    visit: Visit, clip: Path, face_file: Path, tmp_path: Path, write_clip: Callable[..., Path]
) -> None:
    page = visit()
    go_to(page, "Video")
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:300])
    empty = write_clip("empty.mp4", [np.full((64, 96, 3), 120, np.uint8)] * 3)
    for file, said in (
        (face_file, "face.png: it is a picture, not a clip"),
        (tmp_path / "broken.mp4", "Could not read broken.mp4"),
        (empty, "No face was found in 3 of 3 frames"),
        (clip, "One person was found in 12 of 12 frames"),
    ):
        page.set_input_files("#clip input[type=file]", str(file))
        page.wait_for_selector(f"#clip-verdict >> text={said}")
        check(page, tmp_path, file.stem)
        page.click("#clip button[aria-label='Clear']")
        page.wait_for_selector("#clip-verdict >> text=No clip yet")


def test_a_clip_can_be_stopped(visit: Visit, write_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is slow enough to be stopped: a fast one is done before a hand reaches the button."""
    steps = ClipJudging.__iter__

    def slowly(judging: ClipJudging) -> Iterator[tuple[int, int]]:
        for step in steps(judging):
            time.sleep(0.3)
            yield step

    monkeypatch.setattr(ClipJudging, "__iter__", slowly)
    page = visit()
    go_to(page, "Video")
    clip = write_clip("slow.mp4", [np.full((240, 320, 3), 90, np.uint8)] * 32)
    page.set_input_files("#clip input[type=file]", str(clip))
    page.wait_for_selector("#clip-status progress")
    page.click("#clip-stop")
    page.wait_for_selector("#clip-status >> text=Stopped.")
    page.wait_for_selector("#clip-stop", state="hidden")
    page.wait_for_timeout(1000)
    assert page.inner_text("#clip-verdict").strip() == ""


def test_a_new_clip_takes_back_the_old_ones_copy(
    visit: Visit, clip: Path, write_clip: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is being made when the clip is changed: it must not be offered below the other one's verdict."""

    def slowly(judged: object, output: Path) -> Iterator[tuple[int, int]]:
        for done in range(12):
            time.sleep(0.3)
            yield done, 12
        output.write_bytes(b"the old clip")

    monkeypatch.setattr(video_tab, "_annotate", slowly)
    page = visit()
    go_to(page, "Video")
    page.set_input_files("#clip input[type=file]", str(clip))
    page.click("#clip-draw")
    page.wait_for_selector("#clip-drawing progress")
    with page.expect_response("**/cancel"):  # Gradio answers 500 to a second one that comes before the first is done
        page.click("#clip button[aria-label='Clear']")
    empty = write_clip("empty.mp4", [np.full((64, 96, 3), 120, np.uint8)] * 3)
    page.set_input_files("#clip input[type=file]", str(empty))
    page.wait_for_selector("#clip-verdict >> text=No face was found in 3 of 3 frames")
    page.wait_for_timeout(5000)
    assert page.inner_text("#clip-drawing").strip() == ""
    assert not page.is_visible("#clip-annotated")


def test_a_chosen_picture_is_shown_and_its_slider_obeys_the_keyboard(
    visit: Visit, three_faces: Path, face_file: Path
) -> None:
    page = visit()
    page.set_input_files("#picture input[type=file]", [str(three_faces), str(face_file)])
    page.wait_for_selector("text=2 pictures. Choose one")
    page.focus("#gallery button[data-place='1']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#verdict >> text=One face was found")
    assert page.get_attribute("#gallery button[data-place='1']", "aria-pressed") == "true"
    page.get_by_role("tab", name="Where the network looked").click()
    slider = page.get_by_role("slider", name="Line between your picture and the heat map")
    slider.wait_for()
    before = slider.bounding_box()["x"]
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("document.querySelector('#heat [role=slider]').ariaValueNow < 35")
    assert slider.bounding_box()["x"] < before - 50


def test_the_table_of_a_batch_sorts_and_downloads(visit: Visit, zip_file: Path, face_file: Path) -> None:
    page = visit()
    go_to(page, "Batch")
    page.click("#batch-start")
    page.wait_for_selector("#batch-status >> text=No file arrived")
    judge_batch(page, zip_file, face_file)
    names = page.locator("#batch-table tbody th")
    assert names.all_inner_texts() == [
        "mixed.zip/group.jpg",
        "mixed.zip/broken.jpg",
        "mixed.zip/<img src=x onerror=alert(1)>.png",
        "face.png",
    ]
    page.get_by_role("button", name="Fake probability").press("Enter")
    assert names.first.inner_text() == "mixed.zip/broken.jpg"
    page.get_by_role("button", name="Fake probability").press("Enter")
    assert names.last.inner_text() == "mixed.zip/broken.jpg"
    assert page.get_attribute("#batch-table th:nth-child(3)", "aria-sort") == "descending"
    with page.expect_download() as csv_file:
        page.click("#batch-csv")
    assert len(Path(csv_file.value.path()).read_text(encoding="utf-8-sig").splitlines()) == 5
    with page.expect_download() as json_file:
        page.click("#batch-json")
    assert [row["faces"] for row in json.loads(Path(json_file.value.path()).read_text())["files"]] == [3, 0, 1, 1]


def test_a_file_can_be_dropped_on_the_batch(visit: Visit, face_file: Path) -> None:
    page = visit()
    go_to(page, "Batch")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["words"], "dropped.txt", { type: "text/plain" }));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }"""
    )
    page.wait_for_selector("#batch-files [aria-label='dropped.txt']")
    page.click("#batch-start")
    page.wait_for_selector("#batch-table >> text=Could not read dropped.txt: not a JPEG")


def test_a_batch_can_be_stopped(visit: Visit, tmp_path: Path) -> None:
    Image.fromarray(draw_face(seed=1, size=160)).save(tmp_path / "face.jpg")
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(500):
            archive.write(tmp_path / "face.jpg", f"{number}.jpg")
    page = visit()
    go_to(page, "Batch")
    page.set_input_files("#batch-files input[type=file]", str(tmp_path / "many.zip"))
    page.wait_for_selector("#batch-files [aria-label='many.zip']")
    page.click("#batch-start")
    page.wait_for_selector("#batch-status progress")
    page.click("#batch-stop")
    page.wait_for_selector("#batch-status >> text=Stopped.")
    count = page.locator("#batch-table tbody tr").count()
    page.wait_for_timeout(1000)
    assert 0 < count == page.locator("#batch-table tbody tr").count() < 500


def test_another_detector_is_for_one_visitor_alone(
    visit: Visit, tiny_detector: Path, tmp_path: Path, face_file: Path
) -> None:
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "other"))
    config = json.loads((folder / "config.json").read_text())
    config["unmask"]["name"] = "other"
    (folder / "config.json").write_text(json.dumps(config))
    page, other = visit(), visit()
    page.set_input_files("#picture input[type=file]", str(face_file))
    page.wait_for_selector("#verdict .finding")
    page.click("text=Use another detector")
    page.fill("#source textarea, #source input", "nobody/<b>nothing</b>")
    page.click("#load")
    page.wait_for_selector("#in-use >> text=Not loaded.")
    page.fill("#source textarea, #source input", str(folder))
    page.keyboard.press("Enter")
    page.wait_for_selector("#in-use >> text=In use: other@")
    page.click("text=What the verdicts mean, and what judged this picture")
    page.wait_for_selector("#raw >> text=other@")  # the picture is judged again
    page.fill("#source textarea, #source input", str(folder.parent))
    page.click("#load")
    page.wait_for_selector("#in-use >> text=so it is no detector folder")
    for visitor, name in ((page, "other@"), (other, "tiny@")):
        go_to(visitor, "About this detector")
        visitor.wait_for_selector(f"#about >> text={name}")
    page.fill("#source textarea, #source input", "")
    page.click("#load")
    page.wait_for_selector("#about >> text=tiny@")
