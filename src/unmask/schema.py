"""The nouns: plain frozen values that every layer hands to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

LABEL_NAMES = ("real", "fake")
"""Label 0 is real, label 1 is fake, in that order, everywhere."""
REAL, FAKE = 0, 1
MOST_CROP_MARGIN = 2
"""The largest margin round a face, in sides of its box: beyond it the face is a fifth of the crop or less."""

Verdict = Literal["real", "fake", "uncertain", "no_face"]
VERDICTS: tuple[Verdict, ...] = ("real", "fake", "uncertain", "no_face")


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright picture; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return max(0, self.width) * max(0, self.height)

    def as_list(self) -> list[int]:
        """Return `[left, top, right, bottom]`."""
        return [self.left, self.top, self.right, self.bottom]


@dataclass(frozen=True)
class Face:
    """A face that a finder found: its tight box and how sure the finder was (in [0, 1]).

    `landmarks` are five points (x, y) in pixels where the finder gives them: the eye that is left in the
    picture, the one that is right in it, the tip of the nose, the left and the right corner of the mouth.
    """

    box: Box
    confidence: float
    landmarks: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True)
class Caution:
    """A phrase on what speaks against a verdict, and whether it leaves no ground for one.

    `spares` names a verdict that stands all the same, as what hides a forgery does not invent one.
    """

    words: str
    leaves_no_ground: bool
    spares: Verdict | None = None


@dataclass(frozen=True)
class FacePrediction:
    """What the detector says of one face.

    `activation_map` is float32 [h, w], the fake-minus-real evidence per cell of the crop box
    `crop_box` (h and w are the network's last grid, e.g. 6x6), or None where the network has none.
    `number` counts the faces of a picture from 1, largest first. `cut_off` says that the box touches the
    picture's border, so that part of the face may be missing.
    `reasons` are phrases on what keeps the verdict back or weakens it, as in `face smaller than 48 px`. An
    `uncertain` face has one at least; where its probability lies beyond a threshold, a reason says why that is
    no ground for a verdict. `cautions` are those of the reasons that speak of the face and not of its probability.
    """

    box: Box
    fake_probability: float
    verdict: Verdict
    crop_box: Box | None = None
    activation_map: np.ndarray | None = field(default=None, repr=False, compare=False)
    number: int = 1
    cut_off: bool = False
    reasons: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the command line and the API."""
        return {
            "number": self.number,
            "box": self.box.as_list(),
            "fake_probability": round(self.fake_probability, 6),
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "cut_off": self.cut_off,
        }


@dataclass(frozen=True)
class ImagePrediction:
    """What the detector says of one picture: a verdict for it and one entry per face.

    `fake_probability` is that of the face with the highest one, None when there is no face; a face called
    `fake` goes before one that is `uncertain`. `reason` is a sentence. `faces_left_out` is how many were found and not
    judged, as a picture holds more than are.
    `width` and `height` are those of the upright picture that the boxes refer to.
    """

    verdict: Verdict
    fake_probability: float | None
    faces: tuple[FacePrediction, ...]
    reason: str
    face_finder: str
    detector: str
    width: int
    height: int
    faces_left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the command line and the API."""
        probability = None if self.fake_probability is None else round(self.fake_probability, 6)
        return {
            "kind": "image",
            "verdict": self.verdict,
            "fake_probability": probability,
            "faces": [face.to_dict() for face in self.faces],
            "faces_left_out": self.faces_left_out,
            "reason": self.reason,
            "face_finder": self.face_finder,
            "detector": self.detector,
        }


@dataclass(frozen=True)
class PersonPrediction:
    """What the detector says of one person of a clip, followed from frame to frame.

    `times` (seconds from the clip's first frame), `probabilities` (each frame's fake probability) and `boxes`
    belong together, one entry per frame in which the person's face was judged. `fake_probability` pools them
    by the detector's rule. `best_frames` are the places, best first, in which the face is seen best, and
    `crops` what the network saw there: uint8 RGB [S, S, 3], 160 px at most.

    `brief` says that the person was seen too seldom to decide over the clip. `reasons` are those of a face, as far
    as they hold in more than half of the person's frames.
    """

    number: int
    verdict: Verdict
    fake_probability: float
    times: tuple[float, ...]
    probabilities: tuple[float, ...]
    boxes: tuple[Box, ...]
    brief: bool = False
    best_frames: tuple[int, ...] = ()
    crops: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the command line and the API; it holds no pictures."""
        return {
            "number": self.number,
            "verdict": self.verdict,
            "fake_probability": round(self.fake_probability, 6),
            "reasons": list(self.reasons),
            "brief": self.brief,
            "best_times": [round(self.times[place], 3) for place in self.best_frames],
            "frames": [
                {"time": round(time, 3), "fake_probability": round(probability, 6), "box": box.as_list()}
                for time, probability, box in zip(self.times, self.probabilities, self.boxes, strict=True)
            ],
        }


@dataclass(frozen=True)
class VideoPrediction:
    """What the detector says of one clip: a verdict for it and one entry per person, in order of appearance.

    Of more than a hundred people those seen in the most frames have an entry, and `reason` says how many have none.
    `fake_probability` is that of the most fake person (one called `fake` goes before one that is `uncertain`), None
    when there is no face. `duration` is in seconds.
    `frames_wanted` frames were asked for, `frames_read` of them could be decoded, and in `frames_judged` of
    those at least one face was judged. `width` and `height` are those of the upright frames. `reasons` are those
    of the person who decides, and `reason` is a sentence or two.
    """

    verdict: Verdict
    fake_probability: float | None
    people: tuple[PersonPrediction, ...]
    frames_wanted: int
    frames_read: int
    frames_judged: int
    duration: float
    reason: str
    face_finder: str
    detector: str
    width: int
    height: int
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the command line and the API."""
        return {
            "kind": "video",
            "verdict": self.verdict,
            "fake_probability": None if self.fake_probability is None else round(self.fake_probability, 6),
            "people": [person.to_dict() for person in self.people],
            "frames_wanted": self.frames_wanted,
            "frames_read": self.frames_read,
            "frames_judged": self.frames_judged,
            "duration": round(self.duration, 3),
            "reasons": list(self.reasons),
            "reason": self.reason,
            "face_finder": self.face_finder,
            "detector": self.detector,
        }


@dataclass(frozen=True)
class Sample:
    """One labelled picture of a data set on disk.

    `source_id` names the original footage and is the split key: two samples that share it never
    stand on two sides of a split. `split` is the data set's own (`train`, `validation`, `test`) or None.
    `box` is the face's tight box where the data set gives it; else the face is searched for.
    """

    path: str
    label: int
    source_id: str
    video_id: str
    method: str
    split: str | None = None
    box: Box | None = None


@dataclass(frozen=True)
class InputSpec:
    """What a network takes: side in pixels, resize filter, channel mean and standard deviation."""

    size: int
    interpolation: Literal["bilinear", "bicubic"]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@dataclass(frozen=True)
class Compression:
    """What a picture's file was compressed with: the format, and the quality, 1 to 100, that its tables speak of."""

    format: Literal["JPEG", "WebP"]
    quality: int


@dataclass(frozen=True)
class Limits:
    """What a face needs for a verdict, the `unmask.limits` of config.json; how they are measured: docs/experiments.md.

    `smallest_face` is in pixels of the longer side of a face's box. Detail and blockiness are those of
    `media.quality`, qualities of a file from 1 to 100. Below what is `least`, and above what is `most`, there is no
    ground for a verdict; below what is `little` the verdict stands, with a mention.
    """

    smallest_face: int = 48
    least_detail: float = 0.05
    little_detail: float = 0.075
    least_jpeg_quality: int = 26
    little_jpeg_quality: int = 50
    least_webp_quality: int = 26
    little_webp_quality: int = 50
    most_blockiness: float = 1.8


@dataclass(frozen=True)
class DetectorSettings:
    """The `unmask` key of a detector's config.json: all that serving needs beyond timm's own keys.

    `crop_margin` is the fraction of the face box's side added on each side of the square crop.
    `temperature` is the fitted divisor of the logits; it is already folded into the head's weights, so
    that stock loaders give the calibrated probability too. A probability below `real_threshold` is
    `real`, above `fake_threshold` is `fake`, and `uncertain` between them. `pooling` makes a picture's
    probability of its faces', `video_pooling` a person's of their frames' (`mean`: of the logits).

    The rest is optional. With `mirrored` the logits are the mean of those of the crop and of its mirror image,
    and temperature and thresholds were fitted on that mean. `error_rate` is how often the thresholds may call a
    real face fake, on each validation data set with enough of them, `miss_rate` a fake one real, by default as often.
    A face whose novelty, the network's third output, lies above `novelty_limit` is unlike all that the thresholds
    were set on. `limits` are of a face's size, sharpness and compression.
    """

    format_version: int
    name: str
    crop_margin: float
    temperature: float
    real_threshold: float
    fake_threshold: float
    pooling: Literal["max"]
    trained_on: tuple[str, ...]
    calibrated_on: str
    license: str
    video_pooling: Literal["mean"] = "mean"
    mirrored: bool = False
    error_rate: float | None = None
    miss_rate: float | None = None
    novelty_limit: float | None = None
    limits: Limits = Limits()

    @property
    def promise(self) -> tuple[float, float] | None:
        """How often a real face may be called fake and a fake one real, see `describe_promise`; None if unsaid."""
        if self.error_rate is None:
            return None
        return self.error_rate, self.error_rate if self.miss_rate is None else self.miss_rate
