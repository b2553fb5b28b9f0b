"""The tab *Live*: the webcam's frames judged as they come, the verdict averaged over time."""

from __future__ import annotations

import base64
import time
from typing import Any

import gradio as gr

from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.media.images import Picture, read_picture
from unmask.schema import Caution, DetectorSettings, FacePrediction
from unmask.second_look import look_again
from unmask.verdicts import BETWEEN, conclude, most_fake
from unmask.web.panels import error_panel, live_panel
from unmask.web.pictures import draw_verdicts, to_data_url
from unmask.web.shelf import Choice, Shelf
from unmask.web.smoothing import FORGET_AFTER, HALF_LIFE, Smoothed, smooth
from unmask.web.uploads import find_upload

EVERY = 0.2
"""Seconds between two frames that the browser sends, where the server keeps up."""
LONGEST = 300
"""Seconds after which a stream ends by itself, so that a forgotten tab does not keep the server busy."""
STREAMS = 4
"""How many cameras the server follows at once; the next one waits until one of them ends."""
MAX_FRAME_TEXT = 8 * 2**20
WAITING = '<div class="verdict waiting"><p>No frame yet. Start the camera; what it shows is judged here.</p></div>'
HELP = f"""<p class="note">The verdict is that of the most fake face, averaged: of its logits an exponential moving
average is taken, in which the weight of the past halves every {HALF_LIFE:g} s. After {FORGET_AFTER:g} s without a
face it begins anew. While the last face, or most of those of the last {FORGET_AFTER:g} s, give no ground for a
verdict, there is none, as with a picture. The thresholds were set on still pictures, not on averages. A stream ends
by itself after {LONGEST // 60} minutes; {STREAMS} cameras are followed at once, and the next one waits for its
turn.</p>
<p class="note"><strong>Privacy:</strong> the frames go to the machine that runs this page and nowhere else; none is
kept.</p>"""


def add_live_tab(shelf: Shelf, choice: gr.State) -> None:
    """Fill the tab."""
    average = gr.State(None)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            camera = gr.Image(
                label="Camera",
                sources="webcam",
                streaming=True,
                type="filepath",
                image_mode=None,
                buttons=[],
                webcam_options=gr.WebcamOptions(
                    mirror=False, constraints={"video": {"width": {"ideal": 640}, "height": {"ideal": 480}}}
                ),
                elem_id="camera",
            )
        with gr.Column(scale=5, min_width=300):
            verdict = gr.HTML(WAITING, elem_id="live-verdict")
            seen = gr.HTML(elem_id="live-seen")  # a gr.Image would keep every frame on the disk
    gr.HTML(HELP)

    def judge(frame: Any, before: Smoothed | None, chosen: Choice | None) -> list[Any]:
        try:
            return judge_frame(shelf.get(chosen), frame, before, time.monotonic())
        except UnmaskError as error:
            return [error_panel(str(error)), "", before]

    camera.stream(
        judge,
        [camera, average, choice],
        [verdict, seen, average],
        preprocess=False,
        show_progress="hidden",
        stream_every=EVERY,
        time_limit=LONGEST,
        concurrency_limit=STREAMS,
        api_visibility="private",
    )


def judge_frame(detector: Detector, frame: Any, before: Smoothed | None, now: float) -> list[Any]:
    """Judge one frame and return the tab's verdict, the frame with its faces boxed, and the new average.

    Args:
        detector: What judges.
        frame: What Gradio passes on of a webcam's frame: a dict with a data URL or the path of an upload.
        before: The average so far.
        now: The time in seconds, of a clock that only goes forward.

    Raises:
        UnmaskError: The frame cannot be read.
    """
    started = time.perf_counter()
    picture = read_frame(frame)
    faces = detector.predict_faces(picture.pixels, picture.compression)
    top = most_fake(faces)
    highest = None if top is None else top.fake_probability
    average = smooth(before, highest, now, () if top is None else _find_cautions(detector, picture, top))
    seen = f"<img src='{to_data_url(draw_verdicts(picture.pixels, faces))}' alt='The last frame, with each face boxed'>"
    return [_panel(average, highest, len(faces), detector.settings, time.perf_counter() - started), seen, average]


def _find_cautions(detector: Detector, picture: Picture, face: FacePrediction) -> tuple[Caution, ...]:
    """Return what speaks against a verdict on a face, also against one that only the average gives.

    A picture's face between the thresholds has no verdict to lose, and so was not looked at again.
    """
    if BETWEEN not in face.reasons or any(caution.leaves_no_ground for caution in face.cautions):
        return face.cautions
    found = look_again(detector.face_finder, picture.pixels, face.box)
    return face.cautions if found is None else (found, *face.cautions)


def read_frame(frame: Any) -> Picture:
    """Return the picture that a frame is; raises MediaError and UnreadableImage."""
    url = frame.get("url") if isinstance(frame, dict) else None
    if not isinstance(url, str) or not url.startswith("data:image/"):
        return read_picture(find_upload(frame))
    if len(url) > MAX_FRAME_TEXT:
        raise MediaError("The camera's frame is too large. Choose a lower resolution.")
    try:
        return read_picture(base64.b64decode(url.partition(",")[2], validate=True))
    except ValueError as error:  # binascii.Error is one, and letters beyond ASCII another
        raise MediaError("The camera's frame is damaged. Stop the camera and start it again.") from error


def _panel(
    average: Smoothed | None, highest: float | None, faces: int, settings: DetectorSettings, seconds: float
) -> str:
    if average is None:
        return live_panel("no_face", None, None, faces, seconds)
    probability = average.fake_probability
    verdict, reasons = conclude(probability, average.cautions, settings)
    return live_panel(verdict, probability, highest, faces, seconds, reasons)
