"""People followed through a clip: which face of one frame is which of the next.

Frames for judging lie far apart (0.3 s in a clip of ten seconds, many seconds in a long one), so boxes of one
person may not overlap. A face therefore joins the person whom it fits best by place, size and look together:
far from where the person was seen it has to look the more alike, and a cut to somebody else in the same place
starts a new person. Cheap next to any detector: a few numbers a face.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from unmask.schema import Box

MOST_PEOPLE = 100
"""More than any clip worth judging holds: a hostile one fills no memory."""
LOOK_SIDE = 8
LOOK_MARGIN = 0.25
# Distances are in sides of the face, looks in levels of [0, 1] (root mean square); a fit is the sum of their
# shares and must stay below 1. On 18 clips of FaceForensics++, 32 frames each, OTHER_LOOK 0.20 split a person who
# turned in two clips; of 221 cuts to another clip 0.28 took 9 for the same person and 0.25 one (Haar's boxes).
REACH, REACH_PER_SECOND, FARTHEST_REACH = 1.0, 0.7, 3.0
OTHER_LOOK = 0.25
ANYWHERE = 0.65
"""The most that place and size can count: a face that looks nearly the same may turn up anywhere."""
NEWEST_SHARE = 0.5
"""Of a perfect fit in a person's usual look and size; a poor fit, such as a half hidden face, has less."""


@dataclass
class _Person:
    """Where a person was seen last, how fast they moved (pixels a second), and how they look.

    The last look follows a head that turns, the usual one outlasts a hand before the face.
    """

    time: float
    centre: np.ndarray
    side: float
    last_look: np.ndarray
    usual_look: np.ndarray
    speed: np.ndarray

    def expected(self, time: float) -> np.ndarray:
        """Return where the face should be, if it goes on as it moved, for half a second at most."""
        return self.centre + self.speed * min(time - self.time, 0.5)


class Tracker:
    """Gives every face of every frame the number of its person, frame by frame.

    Example:
        >>> tracker, grey = Tracker(), np.zeros((8, 8, 3), np.float32)
        >>> tracker.follow(0.0, [Box(0, 0, 50, 60), Box(200, 0, 250, 60)], [grey, grey])
        [0, 1]
        >>> tracker.follow(0.3, [Box(190, 5, 240, 65), Box(10, 0, 60, 60)], [grey, grey])
        [1, 0]
    """

    def __init__(self, most: int = MOST_PEOPLE) -> None:
        self._people: list[_Person] = []
        self._most = most

    def follow(self, time: float, boxes: Sequence[Box], looks: Sequence[np.ndarray]) -> list[int | None]:
        """Return the person's number for every face of the next frame.

        Numbers count from 0 in the order in which people appear; no two faces of a frame share one. A new face
        has None once there are as many people as are followed at most.

        Args:
            time: Of the frame in seconds, later than that of the frame before.
            boxes: The faces of the frame.
            looks: What `look_of` returned for each.
        """
        found: list[int | None] = [None] * len(boxes)
        fits = sorted(
            (fit, number, face)
            for number, person in enumerate(self._people)
            for face, (box, look) in enumerate(zip(boxes, looks, strict=True))
            if (fit := _misfit(person, time, box, look)) < 1
        )
        taken: set[int] = set()
        for fit, number, face in fits:
            if number not in taken and found[face] is None:
                taken.add(number)
                found[face] = number
                self._people[number] = _moved(self._people[number], time, boxes[face], looks[face], fit)
        for face, (box, look) in enumerate(zip(boxes, looks, strict=True)):
            if found[face] is None and len(self._people) < self._most:
                found[face] = len(self._people)
                self._people.append(_Person(time, _centre(box), _side(box), look, look, np.zeros(2)))
        return found


def look_of(image: np.ndarray, box: Box) -> np.ndarray:
    """Return how a face and what is round it look from afar: float32 [8, 8, 3] in [0, 1].

    Args:
        image: The frame, uint8 RGB [H, W, 3].
        box: The face, at least partly inside the frame.
    """
    wide, tall = round(box.width * LOOK_MARGIN), round(box.height * LOOK_MARGIN)
    part = image[max(0, box.top - tall) : box.bottom + tall, max(0, box.left - wide) : box.right + wide]
    return cv2.resize(part, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _misfit(person: _Person, time: float, box: Box, look: np.ndarray) -> float:
    """Return how badly a face fits a person: 0 is perfect, from 1 on it is somebody else."""
    side = _side(box)
    reach = min(REACH + REACH_PER_SECOND * (time - person.time), FARTHEST_REACH) * (side + person.side) / 2
    away = float(np.hypot(*(_centre(box) - person.expected(time)))) / reach
    grown = abs(math.log2(side / person.side))
    unlike = min(_difference(look, person.last_look), _difference(look, person.usual_look))
    return min(away + grown / 2, ANYWHERE) + unlike / OTHER_LOOK


def _moved(person: _Person, time: float, box: Box, look: np.ndarray, misfit: float) -> _Person:
    centre, share = _centre(box), NEWEST_SHARE * (1 - misfit)
    return _Person(
        time=time,
        centre=centre,
        side=person.side + share * (_side(box) - person.side),
        last_look=look,
        usual_look=person.usual_look + share * (look - person.usual_look),
        speed=(centre - person.centre) / max(time - person.time, 1e-3),
    )


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def _centre(box: Box) -> np.ndarray:
    return np.array([box.left + box.right, box.top + box.bottom]) / 2


def _side(box: Box) -> float:
    return math.sqrt(max(1, box.area))
