"""What the report of a picture says, before it is HTML or PDF: plain texts and pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from PIL import Image

from unmask import __version__
from unmask.calibration import describe_promise
from unmask.detector import Detector
from unmask.detector_folder import ONNX
from unmask.errors import UnreadableImage
from unmask.explanation import overlay_activation
from unmask.files import file_digest
from unmask.media.boxes import draw_boxes, fit_to_screen
from unmask.media.image_bytes import read_bytes
from unmask.media.images import Picture, name_of_source, read_picture
from unmask.media.provenance import read_provenance
from unmask.repeating import repeat_command
from unmask.report_html import colour_of, printable
from unmask.schema import Box, FacePrediction, ImagePrediction, Verdict

SIDE = 320
"""Of a face's crop and heat map, in pixels."""
MOST_SHOWN = 20
"""Faces with a section of their own, the most fake; all of them are in the table."""
CAVEAT = (
    "A verdict is no proof. The thresholds were set on the detector’s validation data; on other pictures the "
    "probability is a score. Strong compression, filters and small faces can look forged, a new kind of forgery can "
    "look real, and nothing but the faces was looked at."
)
LEGEND = (
    "The second picture of each face shows where the network looked, never where a forgery is: orange spoke for fake, "
    "blue for real, grey said little. It saw the square that is shown and nothing else of the picture."
)
NETWORK = f"SHA-256 of {ONNX}"
PROVENANCE_LIMIT = "This is read from the file and changes no verdict."


@dataclass(frozen=True)
class FaceFinding:
    """A face and what was said of it; `crop` and `heat` (None without a map) are uint8 RGB [SIDE, SIDE, 3]."""

    number: int
    verdict: Verdict
    fake_probability: float
    place: str
    remarks: str
    crop: np.ndarray
    heat: np.ndarray | None


@dataclass(frozen=True)
class PictureFinding:
    """All that a report says. Every text is one printable line; `boxed` is uint8 RGB.

    `faces` are those with pictures, most fake first; `rows` are of all faces: number, verdict, fake
    probability, place, remarks.
    """

    name: str
    verdict: Verdict
    reason: str
    boxed: np.ndarray
    faces: tuple[FaceFinding, ...]
    rows: tuple[tuple[str, ...], ...]
    facts: dict[str, str]
    provenance: tuple[str, ...]
    command: tuple[str, ...]
    made: datetime

    @property
    def how_to_repeat(self) -> str:
        """What stands before the command."""
        return (
            f"In the folder of a picture with the SHA-256 above, with Unmask {__version__}, the detector and the face "
            "finder above, this gives the same numbers:"
        )


def analyse(path: Path, detector: Detector, *, public: bool) -> PictureFinding:
    """Judge a picture, read once, and return what there is to say of it; raises UnreadableImage."""
    data, picture = _read(path)
    prediction = detector.predict_image(picture)
    shown = sorted(prediction.faces, key=lambda face: -face.fake_probability)[:MOST_SHOWN]
    made = datetime.now(timezone.utc).replace(microsecond=0)
    size = f"{prediction.width} × {prediction.height} px, {len(data):,} bytes"
    facts = {"File": printable(path.name), "SHA-256": hashlib.sha256(data).hexdigest(), "Picture": size}
    return PictureFinding(
        name=facts["File"],
        verdict=prediction.verdict,
        reason=prediction.reason,
        boxed=_draw_boxes(picture.pixels, prediction),
        faces=tuple(_show_faces(picture.pixels, shown)),
        rows=tuple(map(_row, prediction.faces)),
        facts=facts | _describe_analysis(prediction, detector, made) | _describe_detector(detector),
        provenance=tuple(map(printable, read_provenance(data).sentences())),
        command=tuple(repeat_command(path.name, detector, public=public)),
        made=made,
    )


def _read(path: Path) -> tuple[bytes, Picture]:
    """Return a file's bytes and the picture in them; an error names the file."""
    try:
        data = read_bytes(path)
        return data, read_picture(data)
    except UnreadableImage as error:
        what = str(error).removeprefix(f"Could not read {name_of_source(b'')}: ")
        raise UnreadableImage(f"Could not read {name_of_source(path)}: {what}") from error


def _describe_analysis(prediction: ImagePrediction, detector: Detector, made: datetime) -> dict[str, str]:
    views = "the mean of the face and its mirror image" if detector.settings.mirrored else "the face as it is"
    return {
        "Analysed": f"{made:%Y-%m-%d %H:%M:%S} UTC, with Unmask {__version__}",
        "Faces found by": prediction.face_finder,
        "Judged": f"{views}; the picture gets the verdict of its most fake face",
    }


def _describe_detector(detector: Detector) -> dict[str, str]:
    settings = detector.settings
    facts = {
        "Detector": printable(detector.name),
        NETWORK: file_digest(detector.folder / ONNX),
        "Trained on": printable(", ".join(settings.trained_on)),
        "Thresholds": f"real below {settings.real_threshold:.3f}, fake above {settings.fake_threshold:.3f}, uncertain "
        "between them",
        "Their promise": describe_promise(settings) or "none: this detector states no error rate",
        "Set on": printable(settings.calibrated_on),
    }
    return {name: value for name, value in facts.items() if value}


def _draw_boxes(image: np.ndarray, prediction: ImagePrediction) -> np.ndarray:
    small, faces = fit_to_screen(image, prediction.faces)
    labels = [f"{face.number} {face.verdict} {face.fake_probability:.3f}" for face in faces]
    colours = [(colour_of(face.verdict), "#000000" if face.verdict == "uncertain" else "#ffffff") for face in faces]
    return np.asarray(draw_boxes(small, [face.box for face in faces], labels, colours))


def _show_faces(image: np.ndarray, faces: list[FacePrediction]) -> list[FaceFinding]:
    """Return the faces with crop and heat map; the maps share one scale, so that they can be compared."""
    if not faces:
        return []
    crops = [_crop(image, face.crop_box or face.box) for face in faces]
    strip = [replace(face, crop_box=Box(SIDE * n, 0, SIDE * (n + 1), SIDE)) for n, face in enumerate(faces)]
    heat = overlay_activation(np.hstack(crops), strip)
    heats = [None] * len(faces) if heat is None else np.split(heat, len(faces), axis=1)
    return [
        FaceFinding(face.number, face.verdict, face.fake_probability, _place(face), _remarks(face), crop, heat)
        for face, crop, heat in zip(faces, crops, heats, strict=True)
    ]


def _crop(image: np.ndarray, box: Box) -> np.ndarray:
    part = Image.fromarray(image[max(0, box.top) : box.bottom, max(0, box.left) : box.right])
    return np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0))


def _row(face: FacePrediction) -> tuple[str, ...]:
    return str(face.number), face.verdict, f"{face.fake_probability:.3f}", _place(face), _remarks(face)


def _place(face: FacePrediction) -> str:
    return f"{face.box.width} × {face.box.height} px at {face.box.left}, {face.box.top}"


def _remarks(face: FacePrediction) -> str:
    return ", ".join([*face.reasons, *(["cut off by the picture’s edge"] if face.cut_off else [])])
