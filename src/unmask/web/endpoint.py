"""The page's endpoints for programs. Their annotations are their published types."""

from typing import Any, TypedDict, cast

import gradio as gr

from unmask.clips import FRAMES
from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.media.provenance import read_provenance
from unmask.web.batch import BatchRow, judge_files
from unmask.web.uploads import find_upload, find_uploads

MOST_FRAMES = 300
"""Of a clip that a program may ask for in one call."""
PREDICT_IMAGE = """Judge every face of a picture. `verdict` is real, fake, uncertain or no_face. `fake_probability`, in
[0, 1], is that of the most fake face, or null where there is no face. `reasons` say what keeps a face's verdict back or
weakens it, and `reason` says it of the picture in a sentence. `box` is left, top, right, bottom in pixels of
the upright picture. `provenance` is what the file says of where it comes from; it changes no verdict. A file that
cannot be read is an error that says why."""
PREDICT_VIDEO = f"""Judge every person of a clip by `frames` frames (1 to {MOST_FRAMES}) spread evenly over it.
`verdict` is real, fake, uncertain or no_face, and `fake_probability`, in [0, 1], that of the most fake person, or
null where there is no face. `people` are in order of appearance, each with the time in seconds, the fake probability
and the box of every frame in which the face was judged; one who is `brief` was seen too seldom to decide. `reasons`
hold in more than half of a person's frames, and those of the clip are those of the person who decides. `provenance`
changes no verdict. A file that cannot be read is an error that says why."""
PREDICT_BATCH = """Judge many pictures, or zip files of pictures: one row a picture, in their order. `verdict` is real,
fake, uncertain, no_face or error; `fake_probability`, in [0, 1], is that of the most fake face or null; `faces` counts
them; `reason` says what the verdict rests on, or why the file could not be read."""
DETECTOR = """Say what judges: the detector's name with the start of its weights' hash, its thresholds (a fake
probability below `real_threshold` is real, above `fake_threshold` fake, between them uncertain), and the licence of its
weights."""


class FaceResult(TypedDict):
    """One face, as `FacePrediction.to_dict` gives it."""

    number: int
    box: list[int]
    fake_probability: float
    verdict: str
    reasons: list[str]
    cut_off: bool


class ImageResult(TypedDict):
    """One picture, as `ImagePrediction.to_dict` gives it."""

    kind: str
    verdict: str
    fake_probability: float | None
    faces: list[FaceResult]
    reason: str
    face_finder: str
    detector: str
    provenance: dict[str, Any]


class FrameResult(TypedDict):
    """One person's face in one frame, its time in seconds from the clip's first."""

    time: float
    fake_probability: float
    box: list[int]


class PersonResult(TypedDict):
    """One person of a clip, as `PersonPrediction.to_dict` gives it."""

    number: int
    verdict: str
    fake_probability: float
    reasons: list[str]
    brief: bool
    best_times: list[float]
    frames: list[FrameResult]


class VideoResult(TypedDict):
    """One clip, as `VideoPrediction.to_dict` gives it."""

    kind: str
    verdict: str
    fake_probability: float | None
    people: list[PersonResult]
    frames_wanted: int
    frames_read: int
    frames_judged: int
    duration: float
    reasons: list[str]
    reason: str
    face_finder: str
    detector: str
    provenance: dict[str, Any]


class DetectorResult(TypedDict):
    """What judges, and by which thresholds."""

    name: str
    real_threshold: float
    fake_threshold: float
    license: str
    trained_on: list[str]
    calibrated_on: str
    face_finder: str


def add_endpoints(detector: Detector) -> None:
    """Add `/predict_image`, `/predict_video`, `/predict_batch` and `/detector` to the page that is being built.

    Example:
        >>> from gradio_client import Client, handle_file
        >>> client = Client("http://127.0.0.1:7860")  # doctest: +SKIP
        >>> client.predict(handle_file("portrait.jpg"), api_name="/predict_image")["verdict"]  # doctest: +SKIP
        'real'
        >>> client.predict(handle_file("clip.mp4"), api_name="/predict_video")["verdict"]  # doctest: +SKIP
        'fake'
        >>> files = [handle_file("portrait.jpg"), handle_file("holiday.zip")]
        >>> [row["verdict"] for row in client.predict(files, api_name="/predict_batch")]  # doctest: +SKIP
        ['real', 'fake', 'no_face']
        >>> client.predict(api_name="/detector")["license"]  # doctest: +SKIP
        'cc-by-nc-4.0'
    """

    def predict_image(picture: gr.FileData) -> ImageResult:
        try:
            file = find_upload(picture)
            prediction = detector.predict_image(file).to_dict()
            return cast(ImageResult, {**prediction, "provenance": read_provenance(file).to_dict()})
        except UnmaskError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def predict_video(clip: gr.FileData, frames: int = FRAMES) -> VideoResult:
        try:
            file = find_upload(clip)
            if isinstance(frames, bool) or not isinstance(frames, int) or not 1 <= frames <= MOST_FRAMES:
                raise MediaError(f"{str(frames)[:20]} frames cannot be judged. Ask for 1 to {MOST_FRAMES}.")
            prediction = detector.predict_video(file, frames).to_dict()
            return cast(VideoResult, {**prediction, "provenance": read_provenance(file).to_dict()})
        except UnmaskError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def predict_batch(files: list[gr.FileData]) -> list[BatchRow]:
        try:
            return list(judge_files(detector, find_uploads(files)))
        except UnmaskError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def describe() -> DetectorResult:
        settings = detector.settings
        return DetectorResult(
            name=detector.name,
            real_threshold=settings.real_threshold,
            fake_threshold=settings.fake_threshold,
            license=settings.license,
            trained_on=list(settings.trained_on),
            calibrated_on=settings.calibrated_on,
            face_finder=detector.face_finder.name,
        )

    gr.api(predict_image, api_name="predict_image", api_description=PREDICT_IMAGE)
    gr.api(predict_video, api_name="predict_video", api_description=PREDICT_VIDEO, concurrency_limit=1)
    gr.api(predict_batch, api_name="predict_batch", api_description=PREDICT_BATCH, concurrency_limit=1)
    gr.api(describe, api_name="detector", api_description=DETECTOR)
