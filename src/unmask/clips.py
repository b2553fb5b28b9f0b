"""Clips: frames spread over the whole clip, each person followed through them and judged by all their frames."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from unmask.calibration import describe_place, verdict_of
from unmask.errors import UnreadableVideo
from unmask.media.faces import FaceFinder
from unmask.media.tracks import Tracker, look_of
from unmask.media.video_bytes import name_of
from unmask.preprocessing import crop_face
from unmask.schema import Box, DetectorSettings, Face, PersonPrediction, VideoPrediction

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

    def score_faces(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Return the fake probability, float64 [N], of N square face crops."""


def judge_clip(
    judge: FaceJudge, path: str | os.PathLike[str], frames: int = FRAMES, progress: Progress | None = None
) -> VideoPrediction:
    """Judge every person of a clip; see `Detector.predict_video`."""
    clip = _open(path, frames)
    people, judged, size = _People(), 0, (clip.width, clip.height)
    for done, seen in enumerate(_look_at_all(judge, clip), 1):
        people.add(seen)
        judged += bool(seen.faces)
        size = seen.size
        if progress is not None:
            progress(done, clip.wanted)
    found = people.predict(judge.settings)
    top = max((person for person in found if not person.brief), key=lambda p: p.fake_probability, default=None)
    return VideoPrediction(
        verdict="no_face" if top is None else top.verdict,
        fake_probability=None if top is None else top.fake_probability,
        people=found,
        frames_wanted=clip.wanted,
        frames_read=clip.given,
        frames_judged=judged,
        duration=clip.seconds,
        reason=_reason(top, found, judge.settings, clip, judged),
        face_finder=judge.face_finder.name,
        detector=judge.name,
        width=size[0],
        height=size[1],
    )


def pool_probabilities(probabilities: Iterable[float]) -> float:
    """Return one person's fake probability: that of the mean of their frames' logits."""
    sure = np.clip(np.array(list(probabilities), np.float64), SURE, 1 - SURE)
    return float(1 / (1 + np.exp(-np.mean(np.log(sure) - np.log1p(-sure)))))


@dataclass(frozen=True)
class _Seen:
    """What one frame showed: its faces with their probabilities, looks and small crops."""

    time: float
    size: tuple[int, int]
    faces: list[Face]
    probabilities: np.ndarray
    looks: list[np.ndarray]
    crops: list[np.ndarray]


@dataclass
class _Person:
    """One person's frames so far, and the crops of those in which the face is seen best, as a heap."""

    times: list[float] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    best: list[tuple[float, int, np.ndarray]] = field(default_factory=list)

    def add(self, time: float, probability: float, face: Face, crop: np.ndarray) -> None:
        # The place is unique, so that equally good faces never compare their pixels.
        entry = (face.confidence * np.sqrt(face.box.area), -len(self.times), crop)
        self.times.append(time)
        self.probabilities.append(probability)
        self.boxes.append(face.box)
        if len(self.best) < CROPS_KEPT:
            heapq.heappush(self.best, entry)
        else:
            heapq.heappushpop(self.best, entry)


class _People:
    """Everybody of a clip, in order of appearance."""

    def __init__(self) -> None:
        self._tracker, self._people = Tracker(), list[_Person]()

    def add(self, seen: _Seen) -> None:
        numbers = self._tracker.follow(seen.time, [face.box for face in seen.faces], seen.looks)
        for number, face, probability, crop in zip(numbers, seen.faces, seen.probabilities, seen.crops, strict=True):
            if number is None:
                continue
            while number >= len(self._people):
                self._people.append(_Person())
            self._people[number].add(seen.time, float(probability), face, crop)

    def predict(self, settings: DetectorSettings) -> tuple[PersonPrediction, ...]:
        most = max((len(person.times) for person in self._people), default=0)
        return tuple(
            _predict_person(number, person, len(person.times) < BRIEF_SHARE * most, settings)
            for number, person in enumerate(self._people, 1)
        )


def _predict_person(number: int, person: _Person, brief: bool, settings: DetectorSettings) -> PersonPrediction:
    pooled = pool_probabilities(person.probabilities)
    best = sorted(person.best, key=lambda entry: entry[:2], reverse=True)
    return PersonPrediction(
        number=number,
        verdict=verdict_of(pooled, settings.real_threshold, settings.fake_threshold),
        fake_probability=pooled,
        times=tuple(person.times),
        probabilities=tuple(person.probabilities),
        boxes=tuple(person.boxes),
        brief=brief,
        best_frames=tuple(-place for _, place, _ in best),
        crops=tuple(crop for _, _, crop in best),
    )


def _open(path: str | os.PathLike[str], frames: int) -> VideoFrames:
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
    crops = [crop_face(image, face.box, judge.settings.crop_margin) for face in faces]
    return _Seen(
        time=frame.time,
        size=(image.shape[1], image.shape[0]),
        faces=faces,
        probabilities=judge.score_faces(crops),
        looks=[look_of(image, face.box) for face in faces],
        crops=[_small(crop) for crop in crops],
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
    place = describe_place(top.fake_probability, settings.real_threshold, settings.fake_threshold)
    frames = f"{len(top.times)} frame{'' if len(top.times) == 1 else 's'}"
    return (
        f"{which} has fake probability {top.fake_probability:.3f} over {frames}, {place}. "
        f"Judged {judged} of {clip.wanted} frames{read}.{_brief_fakes(people)}"
    )


def _brief_fakes(people: Sequence[PersonPrediction]) -> str:
    """Return a sentence on people who look fake and were seen too seldom to decide, empty without any."""
    numbers = [str(person.number) for person in people if person.brief and person.verdict == "fake"]
    if not numbers:
        return ""
    who = f"Person {numbers[0]} looks" if len(numbers) == 1 else f"People {', '.join(numbers)} look"
    return f" {who} fake, but in too few frames to decide: look there yourself."
