"""The tab *Video*: a clip in, its people judged, a time line to jump by, the report and the annotated clip out.

Gradio only moves the file, and the browser plays it; `media.video` alone decodes it. Hence `preprocess=False`.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from unmask.annotated_clip import annotate_clip
from unmask.clip_report import write_clip_report
from unmask.clips import FRAMES, ClipJudging
from unmask.detector import Detector
from unmask.errors import UnmaskError
from unmask.media.provenance import read_provenance
from unmask.media.zip_pictures import MAX_ZIP_BYTES
from unmask.repeating import repeat_command, shell_line
from unmask.schema import VideoPrediction
from unmask.web.clip_panels import clip_player, people_panel
from unmask.web.panels import (
    ANNOUNCE,
    ANNOUNCE_QUIETLY,
    detector_note,
    error_panel,
    progress_line,
    provenance_panel,
    verdict_panel,
)
from unmask.web.shelf import Choice, Shelf
from unmask.web.uploads import find_uploads

SHOW_EVERY = 0.5
"""Seconds between two looks at how far a work is."""
ON_ITS_WAY = 0.5
"""Seconds within which what was sent to the page has arrived."""
LONGEST_ANNOTATED = 300
"""Seconds of a clip that the page draws into; each of its frames is written anew."""
WAITING = '<div class="verdict waiting"><p>No clip yet. What was found in it will stand here.</p></div>'
READING = '<p class="status">Reading the clip …</p>'
STOPPED = '<p class="status">Stopped. Choose the clip again to have it judged.</p>'
GONE = '<p class="status failed">There is no clip any more. Choose it again.</p>'
TOO_LONG = (
    f'<p class="status failed">The page draws into clips of up to {LONGEST_ANNOTATED // 60} minutes. For longer ones '
    "run <code>unmask predict --annotate</code>.</p>"
)
READY = '<p class="status">The annotated clip is ready. It has no sound.</p>'
HELP = f"""<p class="note">MP4, MOV, MKV, WebM, AVI or MPEG-TS, up to {MAX_ZIP_BYTES // 2**20} MiB. {FRAMES} frames,
spread evenly over the whole clip, are judged, and each person by all of theirs. The thresholds were set on single
pictures: what they promise was not measured on clips, and what only motion or sound gives away is not seen.</p>
<p class="note"><strong>Privacy:</strong> what you give goes to the machine that runs this page and nowhere else, and is
deleted there after about an hour.</p>"""


@dataclass(frozen=True)
class JudgedClip:
    """An uploaded clip and what was said of it."""

    path: Path
    prediction: VideoPrediction


def add_video_tab(shelf: Shelf, choice: gr.State) -> None:
    """Fill the tab."""
    judged = gr.State(None, time_to_live=3600)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            file = gr.File(label="Your clip", file_count="single", type="filepath", height=160, elem_id="clip")
            player = gr.HTML(elem_id="clip-player")
            gr.HTML(HELP)
        with gr.Column(scale=6, min_width=300):
            status = gr.HTML(elem_id="clip-status", js_on_load=ANNOUNCE_QUIETLY)
            stop = gr.Button("Stop", visible=False, elem_id="clip-stop")
            verdict = gr.HTML(WAITING, elem_id="clip-verdict", js_on_load=ANNOUNCE)
            people = gr.HTML(elem_id="clip-people")
            with gr.Row(visible=False) as downloads:
                report = gr.DownloadButton("Download the report (HTML)", elem_id="clip-report")
                draw = gr.Button("Make the annotated clip", elem_id="clip-draw")
                annotated = gr.DownloadButton("Download the annotated clip", visible=False, elem_id="clip-annotated")
            drawing = gr.HTML(elem_id="clip-drawing", js_on_load=ANNOUNCE_QUIETLY)
            with gr.Accordion("What the verdicts mean, and what judged this clip", open=False, elem_id="clip-details"):
                note = gr.HTML(detector_note(shelf.own))
                raw = gr.JSON(label="The result as the API gives it", elem_id="clip-raw")

    def judge(upload: Any, chosen: Choice | None) -> Iterator[list[Any]]:
        yield from judge_upload(shelf, chosen, upload)

    drawn = draw.click(
        draw_clip,
        judged,
        [drawing, draw, annotated],
        show_progress="hidden",
        trigger_mode="once",
        concurrency_limit=1,
        api_visibility="private",
    )
    run = gr.on(
        [file.change, choice.change],
        judge,
        [file, choice],
        [judged, status, stop, player, verdict, people, downloads, report, draw, annotated, drawing, raw],
        preprocess=False,
        show_progress="hidden",
        trigger_mode="always_last",
        cancels=drawn,  # it would offer the old clip's copy under the new one
        api_visibility="private",
    )
    ended: dict[str, Any] = {"inputs": None, "outputs": [status, stop], "queue": False, "api_visibility": "private"}
    stop.click(show_stopped, cancels=[run, drawn], **ended).then(partial(show_stopped, after=ON_ITS_WAY), **ended)
    choice.change(lambda chosen: detector_note(shelf.get(chosen)), choice, note, api_visibility="private")


def show_stopped(after: float = 0) -> list[Any]:
    """Return the state of the status and the button of a clip that is no longer judged, `after` some seconds.

    How far it was may still be on its way to the page when it is stopped, and would then be what stays.
    """
    time.sleep(after)
    return [STOPPED, gr.update(visible=False)]


def judge_upload(shelf: Shelf, choice: Choice | None, upload: Any) -> Iterator[list[Any]]:
    """Judge an uploaded clip and yield the state of the tab's outputs, in the order of `add_video_tab`.

    A file that cannot be read is an outcome like another: the page says so, and nothing is raised.
    """
    try:
        paths = find_uploads(upload)
        if not paths:
            yield _blank(WAITING)
            return
        yield _working(READING)
        detector = shelf.get(choice)
        prediction = yield from _judge(detector, paths[0])
        with tempfile.TemporaryDirectory() as folder:  # Gradio copies the report, and deletes its copy
            report = Path(folder) / f"{paths[0].stem}-unmask.html"
            words = repeat_command(paths[0].name, detector, ["--frames", str(FRAMES)], public=True)
            write_clip_report(paths[0], prediction, detector.settings, shell_line(words), report)
            yield _show(JudgedClip(paths[0], prediction), detector, report)
    except UnmaskError as error:
        yield _blank(error_panel(str(error)))


def _judge(detector: Detector, path: Path) -> Generator[list[Any], None, VideoPrediction]:
    """Judge a clip, yield the tab's outputs with how far it is from time to time, and return the prediction."""
    judging, shown = ClipJudging(detector, path), time.monotonic()
    for done, wanted in judging:
        if time.monotonic() - shown > SHOW_EVERY:
            shown = time.monotonic()
            yield _working(progress_line(f"Judged {done} of {wanted} frames …", done, wanted))
    return judging.prediction


def draw_clip(judged: JudgedClip | None) -> Iterator[list[Any]]:
    """Write the annotated clip and yield how far it is, the button to make it, and the one to download it."""
    hidden, shown = gr.update(visible=False), gr.update(visible=True)
    if judged is None:
        yield [GONE, hidden, hidden]
        return
    if judged.prediction.duration > LONGEST_ANNOTATED:
        yield [TOO_LONG, hidden, hidden]
        return
    with tempfile.TemporaryDirectory() as folder:  # Gradio copies the clip, and deletes its copy
        output = Path(folder) / f"{judged.path.stem}-annotated.mp4"
        try:
            for done, frames in _annotate(judged, output):
                yield [progress_line(f"Drew into {done} of {frames} frames …", done, frames), hidden, hidden]
        except UnmaskError as error:
            yield [error_panel(str(error)), shown, hidden]
            return
        yield [READY, hidden, gr.update(value=str(output), visible=True)]


def _annotate(judged: JudgedClip, output: Path) -> Iterator[tuple[int, int]]:
    """Write the annotated clip beside this thread; yield the frames done and those there are, from time to time.

    Raises:
        UnmaskError: The clip cannot be read again, or the copy cannot be written.
    """
    far, stopped = [(0, 1)], threading.Event()

    def note(done: int, frames: int) -> None:
        if stopped.is_set():
            raise InterruptedError("nobody waits for this clip any more")
        far[0] = (done, frames)

    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(annotate_clip, judged.path, judged.prediction, output, note)
        try:
            while not wait([work], SHOW_EVERY).done:
                yield far[0]
            work.result()
        finally:
            stopped.set()


def _show(judged: JudgedClip, detector: Detector, report: Path) -> list[Any]:
    """Return the state of each output for a clip that was judged."""
    prediction, provenance = judged.prediction, read_provenance(judged.path)
    hidden, drawable = gr.update(visible=False), gr.update(visible=bool(prediction.people))
    return [
        judged,
        "",
        hidden,
        clip_player(judged.path),
        verdict_panel(prediction, detector.settings) + provenance_panel(provenance),
        people_panel(prediction, detector.settings),
        gr.update(visible=True),
        str(report),
        drawable,
        hidden,
        "",
        {**prediction.to_dict(), "provenance": provenance.to_dict()},
    ]


def _working(status: str) -> list[Any]:
    """Return the state of each output while a clip is being judged."""
    return [None, status, gr.update(visible=True), "", "", "", gr.update(visible=False), *[gr.skip()] * 3, "", None]


def _blank(verdict: str) -> list[Any]:
    """Return the state of each output for a panel and nothing below it."""
    hidden = gr.update(visible=False)
    return [None, "", hidden, "", verdict, "", hidden, *[gr.skip()] * 3, "", None]
