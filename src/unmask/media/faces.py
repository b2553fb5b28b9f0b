"""Faces in a picture: YuNet where its file is at hand, else OpenCV's bundled Haar cascades.

Both report boxes in one geometry, YuNet's (forehead to chin, cheek to cheek), so that a crop means the
same whichever finder made it. Measured on 750 faces where both agree: the cascade's square has YuNet's
centre to within 2 % of the face height and 0.85 to 0.92 of its height.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2
import numpy as np

from unmask.errors import UnmaskError
from unmask.schema import Box, Face

HAAR_SIDE_PER_FACE_HEIGHT = 0.89
FACE_WIDTH_PER_HEIGHT = 0.75
# A tight crop has no room round the face, which both finders want: they search a copy with a border.
BORDER_FRACTION = 0.25
# Finding is done on a scaled copy; the crop is later cut from the full pixels.
SEARCH_SIDE = 512
CAREFUL_SEARCH_SIDE = 1280
# Behind a near face that the first search finds, a far one may be too small for it. The second is as fine as it takes
# for YuNet to see a face of 48 pixels, the smallest that gets a verdict, in 16.
SMALLEST_FAR_FACE, FAR_SCALE = 48, 1 / 3
LONG_PICTURE = 4
"""Times as long as wide: a panorama or a scrolled page is searched in squares, or its faces would all but vanish."""
OVERLAP_OF_SAME_FACE = 0.4

# OpenCV's threads spin while they wait. Beside a second process or thread that costs more than it gains:
# 75 faces/s with them, 290 without, measured on two cores with YuNet on 128 to 300 px pictures.
cv2.setNumThreads(1)

Found: TypeAlias = tuple[np.ndarray, float, np.ndarray | None]
"""A box [left, top, right, bottom], its confidence, and five landmarks [5, 2] or none."""
Find = Callable[[np.ndarray], list[Found]]
"""An RGB picture to what was found in it."""


class FaceFinder(Protocol):
    """Anything that finds faces in an RGB picture."""

    name: str
    closer_side: int
    """Pixels of a face's crop, twice as wide as the face, in which it tells best what is an upright face."""
    doubtful: float
    """Below this confidence, at a closer look, it hardly recognises a human face; 0 where it does not tell that."""

    def find_faces(self, image: np.ndarray) -> list[Face]:
        """Return the faces of `image` (uint8 RGB [H, W, 3]), largest first."""


def make_face_finder(model_path: Path | None = None) -> FaceFinder:
    """Return YuNet read from `model_path`, or the bundled Haar finder when there is none."""
    return HaarFinder() if model_path is None else YuNetFinder(model_path)


class YuNetFinder:
    """YuNet (Wu et al., 2023) through OpenCV's FaceDetectorYN."""

    name = "yunet"
    closer_side = 128
    doubtful = 0.8

    def __init__(self, model_path: Path, minimum_confidence: float = 0.6) -> None:
        self._model_path = str(model_path)
        self._minimum_confidence = minimum_confidence
        self._local = threading.local()  # an OpenCV detector keeps the picture size inside: one per thread
        try:
            self._find(np.zeros((320, 320, 3), np.uint8))  # another network loads and fails at the first picture
        except cv2.error as error:
            raise UnmaskError(
                f"Could not load the face model {model_path}: not a YuNet ONNX file. Unset "
                "UNMASK_FACE_MODEL to use the bundled finder, or name face_detection_yunet_2023mar.onnx."
            ) from error

    def find_faces(self, image: np.ndarray) -> list[Face]:
        """Return the faces of `image` (uint8 RGB [H, W, 3]), largest first."""
        return _in_squares(image, lambda part: _with_far_faces(part, _search(part, self._find), self._find))

    def _detector(self) -> cv2.FaceDetectorYN:
        if not hasattr(self._local, "detector"):
            self._local.detector = cv2.FaceDetectorYN.create(
                self._model_path, "", (320, 320), self._minimum_confidence, 0.3, 500
            )
        return self._local.detector

    def _find(self, image: np.ndarray) -> list[Found]:
        detector = self._detector()
        detector.setInputSize((image.shape[1], image.shape[0]))
        _, rows = detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if rows is None:
            return []
        rows = rows[np.isfinite(rows).all(axis=1)]  # of pictures of a few pixels some are not
        return [(_ltrb(*row[:4]), float(row[-1]), row[4:14].reshape(5, 2)) for row in rows]


class HaarFinder:
    """The Haar cascades that OpenCV 4 carries (Viola and Jones, 2001; Lienhart, 2002)."""

    name = "haar"
    closer_side = 96
    doubtful = 0.0  # of a human face in profile it is no surer than of anything else

    def __init__(self) -> None:
        self._local = threading.local()

    def find_faces(self, image: np.ndarray) -> list[Face]:
        """Return the faces of `image` (uint8 RGB [H, W, 3]), largest first."""
        return _in_squares(image, lambda part: _search(part, self._find))

    def _cascade(self, name: str) -> cv2.CascadeClassifier:
        if not hasattr(self._local, name):
            path = Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"
            setattr(self._local, name, cv2.CascadeClassifier(str(path)))
        return getattr(self._local, name)

    def _find(self, image: np.ndarray) -> list[Found]:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        smallest = max(24, min(grey.shape) // 14)
        found = self._run("frontalface_alt2", grey, 4, smallest)
        if found:
            return found
        # Only a large face is worth a second guess: small boxes here are mostly false.
        large = max(24, min(grey.shape) // 3)
        found = self._run("frontalface_alt2", grey, 2, large) or self._run("frontalface_default", grey, 4, large)
        return found or self._profiles(grey, large)

    def _profiles(self, grey: np.ndarray, smallest: int) -> list[Found]:
        """Return side faces; the cascade knows one side only, so the mirror image is searched too."""
        found = self._run("profileface", grey, 4, smallest)
        if found:
            return found
        width = grey.shape[1]
        mirrored = self._run("profileface", np.ascontiguousarray(grey[:, ::-1]), 4, smallest)
        return [(np.array([width - b[2], b[1], width - b[0], b[3]]), score, None) for b, score, _ in mirrored]

    def _run(self, name: str, grey: np.ndarray, neighbours: int, smallest: int) -> list[Found]:
        squares, _, weights = self._cascade(name).detectMultiScale3(
            grey, 1.15, neighbours, 0, (smallest, smallest), outputRejectLevels=True
        )
        # The cascade's weight has no unit: squashed so that 0 is no confidence and large is near 1.
        return [
            (_square_to_face(*s), float(1 - np.exp(-max(0.0, w) / 4)), None)
            for s, w in zip(squares, weights, strict=True)
        ]


def _square_to_face(left: float, top: float, width: float, height: float) -> np.ndarray:
    """Return the face box [left, top, right, bottom] that belongs to a cascade's square."""
    tall = height / HAAR_SIDE_PER_FACE_HEIGHT
    wide = tall * FACE_WIDTH_PER_HEIGHT
    x, y = left + width / 2, top + height / 2
    return np.array([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2])


def _ltrb(left: float, top: float, width: float, height: float) -> np.ndarray:
    return np.array([left, top, left + width, top + height], dtype=float)


def _in_squares(image: np.ndarray, search: Callable[[np.ndarray], list[Face]]) -> list[Face]:
    """Search `image` as a whole, or a long one in squares that overlap by half."""
    height, width = image.shape[:2]
    side = min(height, width)
    if max(height, width) <= LONG_PICTURE * side or side < 2 * SMALLEST_FAR_FACE:
        return search(image)
    faces = []
    for start in range(0, max(height, width) - side // 2, side // 2):
        left, top = (start, 0) if width > height else (0, start)
        part = np.ascontiguousarray(image[top : top + side, left : left + side])
        faces += [_moved(face, left, top) for face in search(part)]
    return _without_repeats(faces)


def _moved(face: Face, right: int, down: int) -> Face:
    box, points = face.box, face.landmarks
    return replace(
        face,
        box=Box(box.left + right, box.top + down, box.right + right, box.bottom + down),
        landmarks=points and tuple((x + right, y + down) for x, y in points),
    )


def _with_far_faces(image: np.ndarray, near: list[Face], find: Find) -> list[Face]:
    """Return the faces found and, in a picture large enough for them, those that were too small for that search."""
    longer = max(image.shape[:2])
    side = min(CAREFUL_SEARCH_SIDE, round(longer * FAR_SCALE))
    if not near or side <= SEARCH_SIDE:  # where none is near, the careful search was made already
        return near
    far = [
        face
        for face in _search_at(image, find, side / longer, border_fraction=0)
        if max(face.box.width, face.box.height) >= SMALLEST_FAR_FACE
        and all(
            _overlap(*sorted((face.box, other.box), key=attrgetter("area"))) < OVERLAP_OF_SAME_FACE for other in near
        )
    ]
    return sorted([*near, *far], key=_largest_first)


def _largest_first(face: Face) -> tuple[int, int, int]:
    return -face.box.area, face.box.left, face.box.top


def _search(image: np.ndarray, find: Find) -> list[Face]:
    """Search a bordered, scaled copy of `image`; once more at a larger scale when nothing was found."""
    height, width = image.shape[:2]
    for side in (SEARCH_SIDE, CAREFUL_SEARCH_SIDE):
        scale = min(1.0, side / max(height, width))
        faces = _search_at(image, find, scale)
        if faces or scale == 1.0:
            return faces
    return []


def _search_at(image: np.ndarray, find: Find, scale: float, border_fraction: float = BORDER_FRACTION) -> list[Face]:
    height, width = image.shape[:2]
    copy = image
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        copy = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    border = int(border_fraction * max(copy.shape[:2]))
    copy = cv2.copyMakeBorder(copy, border, border, border, border, cv2.BORDER_REPLICATE)
    faces = []
    for box, confidence, points in find(copy):
        left, top, right, bottom = (np.asarray(box) - border) / scale
        clipped = Box(
            round(max(0.0, left)),
            round(max(0.0, top)),
            round(min(float(width), right)),
            round(min(float(height), bottom)),
        )
        inside = clipped.area / max(1.0, (right - left) * (bottom - top))
        if clipped.width >= 8 and clipped.height >= 8 and inside > 0.5:
            faces.append(Face(clipped, min(1.0, max(0.0, confidence)), _in_picture(points, border, scale)))
    return _without_repeats(faces)


def _in_picture(points: np.ndarray | None, border: int, scale: float) -> tuple[tuple[float, float], ...] | None:
    """Return the landmarks of a bordered, scaled copy in pixels of the picture itself; they may lie outside."""
    if points is None:
        return None
    return tuple((float(x), float(y)) for x, y in (points.astype(np.float64) - border) / scale)


def _without_repeats(faces: list[Face]) -> list[Face]:
    """Drop boxes that mostly lie on a larger one; largest first. In arrays, so that thousands take no seconds."""
    kept: list[Face] = []
    boxes = np.empty((len(faces), 4), np.int64)
    for face in sorted(faces, key=_largest_first):
        box, larger = np.array(face.box.as_list()), boxes[: len(kept)]
        sides = np.minimum(box[2:], larger[:, 2:]) - np.maximum(box[:2], larger[:, :2])
        shared = np.maximum(sides, 0).prod(axis=1)
        if (shared < OVERLAP_OF_SAME_FACE * max(1, face.box.area)).all():
            boxes[len(kept)] = box
            kept.append(face)
    return kept


def _overlap(small: Box, large: Box) -> float:
    """Return the share of `small` that lies on `large`."""
    wide = min(small.right, large.right) - max(small.left, large.left)
    tall = min(small.bottom, large.bottom) - max(small.top, large.top)
    return max(0, wide) * max(0, tall) / max(1, small.area)
