"""Verdicts in words: a line for a picture or clip, and one for each face or person where there are several."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from unmask.schema import FacePrediction, ImagePrediction, PersonPrediction, VideoPrediction
from unmask.verdicts import BETWEEN


def describe(prediction: ImagePrediction | VideoPrediction, colour: Callable[[str], str]) -> list[str]:
    """Return the lines: first the whole with its verdict, probability and count, then its parts, indented.

    Args:
        prediction: Of a picture or a clip.
        colour: Turns a verdict into the text of its column.
    """
    if isinstance(prediction, VideoPrediction):
        parts = [(person.verdict, person.fake_probability, _person(person)) for person in prediction.people]
        seen = f"{prediction.frames_judged} of {prediction.frames_wanted} frames"
        doubts = _doubts(prediction.people[0].reasons) if len(parts) == 1 else ""
        what = f"{_count(len(parts), 'person', 'people')} in {seen}{doubts}"
    else:
        parts = [(face.verdict, face.fake_probability, _face(face)) for face in prediction.faces]
        what = _count(len(parts), "face ", "faces")
        if len(parts) == 1 and (doubts := _face_doubts(prediction.faces[0])):
            what = f"1 face{doubts}"
    first = f"{colour(prediction.verdict)}  {_number(prediction.fake_probability)}  {what}"
    if len(parts) < 2:
        return [first]
    return [first, *(f"  {colour(verdict)}  {_number(number)}  {words}" for verdict, number, words in parts)]


def _person(person: PersonPrediction) -> str:
    start, end = person.times[0], person.times[-1]
    when = f"at {start:.1f} s" if len(person.times) == 1 else f"from {start:.1f} to {end:.1f} s"
    note = (", too few to decide" if person.brief else "") + _doubts(person.reasons)
    return f"person {person.number}, {_count(len(person.times), 'frame', 'frames')} {when}{note}"


def _face(face: FacePrediction) -> str:
    box = face.box
    return f"face {face.number}, {box.width} x {box.height} px at {box.left}, {box.top}{_face_doubts(face)}"


def _face_doubts(face: FacePrediction) -> str:
    return _doubts((*face.reasons, "cut off") if face.cut_off else face.reasons)


def _doubts(reasons: Sequence[str]) -> str:
    words = [reason for reason in reasons if reason != BETWEEN]
    return f" ({', '.join(words)})" if words else ""


def _number(probability: float | None) -> str:
    return "    -" if probability is None else f"{probability:.3f}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
