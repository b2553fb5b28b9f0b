"""`/predict_image`: the page's one endpoint for programs. Its annotations are its published types."""

from typing import Any, TypedDict, cast

import gradio as gr

from unmask.detector import Detector
from unmask.errors import UnmaskError
from unmask.media.provenance import read_provenance
from unmask.web.uploads import find_upload

DESCRIPTION = """Judge every face of a picture. `verdict` is real, fake, uncertain or no_face. `fake_probability`, in
[0, 1], is that of the most fake face, or null where there is no face. `reasons` say what keeps a face's verdict back or
weakens it, and `reason` says it of the picture in a sentence. `box` is left, top, right, bottom in pixels of
the upright picture. `provenance` is what the file says of where it comes from; it changes no verdict. A file that
cannot be read is an error that says why."""


class FaceResult(TypedDict):
    """One face, as `FacePrediction.to_dict` gives it."""

    box: list[int]
    fake_probability: float
    verdict: str
    reasons: list[str]


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


def add_endpoint(detector: Detector) -> None:
    """Add `/predict_image` to the page that is being built.

    Example:
        >>> from gradio_client import Client, handle_file
        >>> Client("http://127.0.0.1:7860").predict(
        ...     handle_file("portrait.jpg"), api_name="/predict_image"
        ... )["verdict"]  # doctest: +SKIP
        'real'
    """

    def predict_image(picture: gr.FileData) -> ImageResult:
        try:
            file = find_upload(picture)
            prediction = detector.predict_image(file).to_dict()
            return cast(ImageResult, {**prediction, "provenance": read_provenance(file).to_dict()})
        except UnmaskError as error:
            raise gr.Error(str(error), print_exception=False) from error

    gr.api(predict_image, api_name="predict_image", api_description=DESCRIPTION)
