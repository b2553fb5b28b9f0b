"""Clips: frames spread over the whole clip, each person followed through them and judged by all their frames."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from unmask.errors import UnreadableVideo
from unmask.media.faces import FaceFinder
from unmask.media.tracks import MOST_PEOPLE, Tracker, look_of
from unmask.media.video_bytes import name_of
from unmask.schema import Box, Caution, DetectorSettings, Face, PersonPrediction, VideoPrediction
from unmask.second_look import look_at_most
from unmask.verdicts import Assessment, conclude, explain, most_fake, usual_cautions

if TYPE_CHECKING:  # PyAV comes with the extras alone: whoever judges no clip needs none
    from unmask.media.video import VideoFrame, VideoFrames

FRAMES = 32
MOST_FACES = 16
"""Faces judged of one frame, the largest ones: a crowd costs no more than these."""
CROPS_KEPT = 3
CROP_SIDE = 160
WORKERS = 2
SURE = 1e-6
"""How near to 0 and 1 a frame's probability is taken when logits are averaged: no frame outweighs all others."""
BRIEF_SHARE = 0.25
"""Of the frames of the most seen person: one seen less does not decide over the clip. Measured on 18 clips of
FaceForensics++: what the Haar cascades took for a face by mistake was seen in 7 of 32 frames at most, YuNet's
mistakes in 2, and every true face in all 32."""

Progress = Callable[[int, int], None]
"""Called with the frames judged so far and the frames wanted."""


class FaceJudge(Protocol):
    """What a clip is judged with; `Detector` is one."""

    name: str
    settings: DetectorSettings
    face_finder: FaceFinder

    def assess_faces(self, image: np.ndarray, boxes: Sequence[Box]) -> list[Assessment]:
        """Return what is to be said of each face of a frame (uint8 RGB [H, W, 3]) before any verdict."""


def judge_clip(
    judge: FaceJudge, path: str | os.PathLike[str], frames: int = FRAMES, progress: Progress | None = None
) -> VideoPrediction:
    """Judge every person of a clip; see `Detector.predict_video`."""
    judging = ClipJudging(judge, path, frames)
    for done, wanted in judging:
        if progress is not None:
            progress(done, wanted)
    return judging.prediction


@dataclass
class ClipJudging:
    """A clip that is judged as one iterates: frames done and wanted after each, and at the end the `prediction`.

    Whoever takes no further step has stopped the work.
    """

    judge: FaceJudge
    path: str | os.PathLike[str]
    frames: int = FRAMES
    prediction: VideoPrediction = field(init=False)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        clip, settings = _open(self.path, self.frames), self.judge.settings
        people, judged, size = _People(), 0, (clip.width, clip.height)
        for done, seen in enumerate(_look_at_all(self.judge, clip), 1):
            people.add(seen)
            judged += bool(seen.faces)
            size = seen.size
            yield done, clip.wanted
        found = people.predict(settings, self.judge.face_finder)
        top = most_fake([person for person in found if not person.brief])
        self.prediction = VideoPrediction(
            verdict="no_face" if top is None else top.verdict,
            fake_probability=None if top is None else top.fake_probability,
            people=found,
            frames_wanted=clip.wanted,
            frames_read=clip.given,
            frames_judged=judged,
            duration=clip.seconds,
            reason=_reason(top, found, settings, clip, judged) + _describe_let_go(people.let_go),
            face_finder=self.judge.face_finder.name,
            detector=self.judge.name,
            width=size[0],
            height=size[1],
            reasons=() if top is None else top.reasons,
        )


def pool_probabilities(probabilities: Iterable[float]) -> float:
    """Return one person's fake probability: that of the mean of their frames' logits."""
    sure = np.clip(np.array(list(probabilities), np.float64), SURE, 1 - SURE)
    return float(1 / (1 + np.exp(-np.mean(np.log(sure) - np.log1p(-sure)))))


@dataclass(frozen=True)
class _Seen:
    """What one frame showed: its faces with what is to be said of each, their looks and small crops."""

    time: float
    size: tuple[int, int]
    faces: list[Face]
    assessments: list[Assessment]
    looks: list[np.ndarray]


@dataclass
class _Person:
    """One person's frames so far, and the crops of those in which the face is seen best, as a heap."""

    times: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    cautions: list[tuple[Caution, ...]] = field(default_factory=list)
    best: list[tuple[float, int, np.ndarray]] = field(default_factory=list)

    def add(self, time: float, face: Face, assessment: Assessment) -> None:
        # The place is unique, so that equally good faces never compare their pixels.
        entry = (face.confidence * np.sqrt(face.box.area), -len(self.times), assessment.crop)
        self.times.append(time)
        self.probabilities.append(assessment.fake_probability)
        self.boxes.append(face.box)
        self.cautions.append(assessment.cautions)
        if len(self.best) < CROPS_KEPT:
            heapq.heappush(self.best, entry)
        else:
            heapq.heappushpop(self.best, entry)


class _People:
    """Everybody of a clip who is still followed, in order of appearance."""

    def __init__(self) -> None:
        self._tracker, self._people = Tracker(), dict[int, _Person]()

    @property
    def let_go(self) -> int:
        """How many were seen so seldom that others took their place."""
        return self._tracker.met - len(self._people)

    def add(self, seen: _Seen) -> None:
        numbers = self._tracker.follow(seen.time, [face.box for face in seen.faces], seen.looks)
        for number, face, assessment in zip(numbers, seen.faces, seen.assessments, strict=True):
            if number is None:
                continue
            self._people.setdefault(number, _Person()).add(seen.time, face, assessment)
        self._people = {number: person for number, person in self._people.items() if self._tracker.follows(number)}

    def predict(self, settings: DetectorSettings, finder: FaceFinder) -> tuple[PersonPrediction, ...]:
        most = max((len(person.times) for person in self._people.values()), default=0)
        return tuple(
            _predict_person(number, person, len(person.times) < BRIEF_SHARE * most, settings, finder)
            for number, person in enumerate(self._people.values(), 1)
        )


def _predict_person(
    number: int, person: _Person, brief: bool, settings: DetectorSettings, finder: FaceFinder
) -> PersonPrediction:
    pooled, cautions = pool_probabilities(person.probabilities), usual_cautions(person.cautions)
    verdict, reasons = conclude(pooled, cautions, settings)
    best = sorted(person.best, key=lambda entry: entry[:2], reverse=True)
    # As with a picture's faces the dearest look, spared where there is no verdict to take away.
    # Asked of the kept crops alone: to ask in every frame would cost ten times as much.
    if verdict != "uncertain" and (found := look_at_most(finder, [crop for _, _, crop in best])):
        verdict, reasons = conclude(pooled, (found, *cautions), settings)
    return PersonPrediction(
        number=number,
        verdict=verdict,
        fake_probability=pooled,
        times=tuple(person.times),
        probabilities=tuple(person.probabilities),
        boxes=tuple(person.boxes),
        brief=brief,
        best_frames=tuple(-place for _, place, _ in best),
        crops=tuple(crop for _, _, crop in best),
        reasons=reasons,
    )


def _open(path: str | os.PathLike[str], frames: int) -> VideoFrames:
    if not isinstance(path, str | os.PathLike):
        kind = type(path).__name__
        raise UnreadableVideo(f"Could not read the given clip: it is a {kind}. Give the path of a clip.")
    try:
        from unmask.media.video import read_frames
    except ImportError as error:
        raise UnreadableVideo(
            f"Could not read {name_of(path)}: clips are read with PyAV, which is not installed. Run: pip install av"
        ) from error
    return read_frames(Path(path), frames, near_keys=True)


def _look_at_all(judge: FaceJudge, clip: VideoFrames) -> Iterator[_Seen]:
    """Find and judge the faces of every frame beside the decoding, and yield what they showed in order."""
    waiting: deque[Future[_Seen]] = deque()
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for frame in clip:
            waiting.append(pool.submit(_look_at, judge, frame))
            if len(waiting) > WORKERS:  # each holds a frame
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _look_at(judge: FaceJudge, frame: VideoFrame) -> _Seen:
    image = frame.pixels
    faces = judge.face_finder.find_faces(image)[:MOST_FACES]
    boxes = [face.box for face in faces]
    return _Seen(
        time=frame.time,
        size=(image.shape[1], image.shape[0]),
        faces=faces,
        # Small crops: those of full size of all frames would fill the memory.
        assessments=[replace(seen, crop=_small(seen.crop)) for seen in judge.assess_faces(image, boxes)],
        looks=[look_of(image, box) for box in boxes],
    )


def _small(crop: np.ndarray) -> np.ndarray:
    if len(crop) <= CROP_SIDE:
        return crop
    return np.asarray(Image.fromarray(crop).resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BICUBIC))


def _reason(
    top: PersonPrediction | None,
    people: Sequence[PersonPrediction],
    settings: DetectorSettings,
    clip: VideoFrames,
    judged: int,
) -> str:
    """Return in two sentences what the clip's verdict rests on."""
    read = "" if clip.given == clip.wanted else f"; {clip.wanted - clip.given} could not be decoded"
    if top is None:
        return (
            f"No face was found in {clip.given} of {clip.wanted} frames{read}, so there is nothing to judge. "
            "Try a clip in which a face is larger and seen from the front."
        )
    deciding = sum(not person.brief for person in people)
    which = "The person" if len(people) == 1 else f"Person {top.number}"
    which += f", the most fake of {deciding}," if deciding > 1 else ""
    frames = f"{len(top.times)} frame{'' if len(top.times) == 1 else 's'}"
    grounds = explain(top, settings, " in most frames" if len(top.times) > 1 else "")
    return (
        f"{which} has fake probability {top.fake_probability:.3f} over {frames}, {grounds}. "
        f"Judged {judged} of {clip.wanted} frames{read}.{describe_brief_fakes(people)}"
    )


def describe_brief_fakes(people: Sequence[PersonPrediction]) -> str:
    """Return a sentence on people who look fake and were seen too seldom to decide, empty without any."""
    numbers = [str(person.number) for person in people if person.brief and person.verdict == "fake"]
    if not numbers:
        return ""
    who = f"Person {numbers[0]} looks" if len(numbers) == 1 else f"People {', '.join(numbers)} look"
    return f" {who} fake, but in too few frames to decide: look there yourself."


def _describe_let_go(count: int) -> str:
    """Return a sentence on people who are in no list, as there were more than are followed; empty without any."""
    if not count:
        return ""
    return f" More than {MOST_PEOPLE} people were seen: the {count} seen least were left out."
