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
"""Followed at once, so that a crowd or a hostile clip fills no memory; beyond it those hardly seen are let go."""
LOOK_SIDE, LOOK_MARGIN = 8, 0.5
COLOUR_SIDE, COLOUR_BINS = 48, 6
COLOUR_SHARE = 0.25
"""Of the colours in a look: they tell people apart better than levels do, and change more when a lamp goes on."""
# Distances are in sides of the face, looks as `look_of` says; a fit is the sum of their shares and must stay below 1.
# On 18 clips of FaceForensics++ OTHER_LOOK 0.27 split nobody at 32 frames (either finder), nor with YuNet at eight or
# with every second frame a quarter brighter, where 0.26 split two. Of 1144 cuts from clip to clip it took 53 for the
# same person where both faces fill the picture alike, and none between whole frames; levels alone, at 0.25, took 495
# and 8 (YuNet's boxes).
REACH, REACH_PER_SECOND, FARTHEST_REACH = 1.0, 0.7, 3.0
OTHER_LOOK = 0.27
ANYWHERE = 0.65
"""The most that place and size can count: a face that looks nearly the same may turn up anywhere."""
NEWEST_SHARE = 0.5
"""Of a perfect fit in a person's usual look and size; a poor fit, such as a half hidden face, has less."""


@dataclass
class _Person:
    """Where a person was seen last, how fast they moved (pixels a second), how they look, and in how many frames.

    The last look follows a head that turns, the usual one outlasts a hand before the face.
    """

    time: float
    centre: np.ndarray
    side: float
    last_look: np.ndarray
    usual_look: np.ndarray
    speed: np.ndarray
    frames: int = 1

    def expected(self, time: float) -> np.ndarray:
        """Return where the face should be, if it goes on as it moved, for half a second at most."""
        return self.centre + self.speed * min(time - self.time, 0.5)


class Tracker:
    """Gives every face of every frame the number of its person, frame by frame.

    Example:
        >>> tracker, grey = Tracker(), np.zeros(408, np.float32)
        >>> tracker.follow(0.0, [Box(0, 0, 50, 60), Box(200, 0, 250, 60)], [grey, grey])
        [0, 1]
        >>> tracker.follow(0.3, [Box(190, 5, 240, 65), Box(10, 0, 60, 60)], [grey, grey])
        [1, 0]
    """

    def __init__(self, most: int = MOST_PEOPLE) -> None:
        self._people: dict[int, _Person] = {}
        self._most = most
        self.met = 0

    def follow(self, time: float, boxes: Sequence[Box], looks: Sequence[np.ndarray]) -> list[int | None]:
        """Return the person's number for every face of the next frame.

        Numbers count from 0 in the order in which people appear, `met` of them; no two faces of a frame share one.
        Once there are as many people as are followed at most, a new face takes the place of the person seen in the
        fewest frames, of these the one unseen for longest; it has None where all of them are in this frame.

        Args:
            time: Of the frame in seconds, later than that of the frame before.
            boxes: The faces of the frame.
            looks: What `look_of` returned for each.
        """
        found: list[int | None] = [None] * len(boxes)
        fits = sorted(
            (fit, number, face)
            for number, person in self._people.items()
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
            if found[face] is None and (len(self._people) < self._most or self._let_go(time)):
                found[face] = self.met
                self._people[self.met] = _Person(time, _centre(box), _side(box), look, look, np.zeros(2))
                self.met += 1
        return found

    def follows(self, number: int) -> bool:
        """Say whether a person is still followed: whoever was let go gets a new number when seen again."""
        return number in self._people

    def _let_go(self, now: float) -> bool:
        """Forget the person seen in the fewest frames, of these the one unseen for longest; nobody who is seen now."""
        gone = [number for number, person in self._people.items() if person.time < now]
        if gone:
            del self._people[min(gone, key=lambda number: (self._people[number].frames, self._people[number].time))]
        return bool(gone)


def look_of(image: np.ndarray, box: Box) -> np.ndarray:
    """Return how a face and what is round it look from afar, float32 [408]: what lies where, and its colours.

    Two looks are as unlike as they are far apart: the root mean square of the levels of 8 x 8 squares in [0, 1], and
    a share of the Hellinger distance of the colours' histograms, which a turn of the head changes less than a cut does.

    Args:
        image: The frame, uint8 RGB [H, W, 3].
        box: The face, at least partly inside the frame.
    """
    levels = _shrink(image, box, (LOOK_MARGIN,) * 3, LOOK_SIDE).ravel().astype(np.float32) / 255
    return np.concatenate([levels / math.sqrt(levels.size), COLOUR_SHARE * _colours_of(image, box)])


def _colours_of(image: np.ndarray, box: Box) -> np.ndarray:
    """Return the roots of the shares of each colour in the face, the hair and the collar."""
    part = _shrink(image, box, (0.1, 0.1, 0.4), COLOUR_SIDE)
    counts = cv2.calcHist([part], [0, 1, 2], None, [COLOUR_BINS] * 3, [0, 256] * 3)
    return np.sqrt(counts.ravel() / counts.sum())


def _shrink(image: np.ndarray, box: Box, margins: tuple[float, float, float], side: int) -> np.ndarray:
    """Return a box with margins (beside, above and below, in its sides) as uint8 RGB [side, side, 3]."""
    beside, above, below = (round(m * of) for m, of in zip(margins, (box.width, box.height, box.height), strict=True))
    part = image[max(0, box.top - above) : box.bottom + below, max(0, box.left - beside) : box.right + beside]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA)


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
        frames=person.frames + 1,
    )


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


def _centre(box: Box) -> np.ndarray:
    return np.array([box.left + box.right, box.top + box.bottom]) / 2


def _side(box: Box) -> float:
    return math.sqrt(max(1, box.area))
