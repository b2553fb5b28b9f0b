"""The HTML of the tab Video: the player, and each person with faces, figures and a time line to jump by."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from unmask.clip_report import most_seen, remarks_on, time_line
from unmask.schema import DetectorSettings, PersonPrediction, VideoPrediction
from unmask.web.panels import MARKS
from unmask.web.pictures import to_data_url
from unmask.web.words import HEADLINES, percent

PLOT_WIDTH = 480
"""Of a time line, in its own pixels: narrow, so that its letters can be read on a phone."""
UNPLAYABLE = (
    "This browser cannot play the clip as it is. The verdict does not depend on that; the annotated clip is one that "
    "every browser plays."
)
JUMP = "Choose a face or a point to jump there. In a time line, the arrow keys go from point to point."


def clip_player(path: Path) -> str:
    """Return a player of an uploaded clip, fetched from where Gradio serves uploads."""
    address = f"gradio_api/file={quote(str(path))}"  # relative: the page may lie below a proxy's path
    return (
        f"<video class='player' controls playsinline preload='metadata' aria-label='Your clip' src='{address}'></video>"
        f"<p class='note' hidden>{UNPLAYABLE}</p>"
    )


def people_panel(prediction: VideoPrediction, settings: DetectorSettings) -> str:
    """Return a section for each of the people seen most; empty without anybody."""
    shown = most_seen(prediction.people)
    if not shown:
        return ""
    left_out = len(prediction.people) - len(shown)
    rest = f" {left_out} more, seen less, are in the report’s table." if left_out else ""
    sections = "".join(_person_section(person, prediction.duration, settings) for person in shown)
    return f"<p class='note'>{JUMP}{rest}</p>{sections}"


def _person_section(person: PersonPrediction, duration: float, settings: DetectorSettings) -> str:
    remarks = remarks_on(person)
    notes = f"<p class='note'>{escape(remarks[0].upper() + remarks[1:])}.</p>" if remarks else ""
    return (
        f"<section class='person {person.verdict}' aria-label='Person {person.number}'>"
        f"<h3><span class='mark' aria-hidden='true'>{MARKS[person.verdict]}</span> Person {person.number}: "
        f"{HEADLINES[person.verdict].lower()}, {escape(percent(person.fake_probability))} fake</h3>"
        f"<p class='note'>{_describe_span(person.times)}</p>{notes}"
        f"<div class='moments'>{''.join(_face_buttons(person))}</div>"
        f"<div class='time-line'>{time_line(person, duration, settings, PLOT_WIDTH, seekable=True)}</div></section>"
    )


def _describe_span(times: Sequence[float]) -> str:
    if len(times) == 1:
        return f"Seen in one frame, at {times[0]:.1f} s."
    return f"Seen in {len(times)} frames, from {times[0]:.1f} to {times[-1]:.1f} s."


def _face_buttons(person: PersonPrediction) -> list[str]:
    return [
        f"<button type='button' data-time='{time:.3f}' aria-label='Person {person.number} at {time:.1f} s'>"
        f"<img src='{to_data_url(Image.fromarray(crop))}' alt=''>"
        f"<span>{time:.1f} s · {escape(percent(probability, 0))}</span></button>"
        for crop, time, probability in (
            (crop, person.times[place], person.probabilities[place])
            for place, crop in zip(person.best_frames, person.crops, strict=True)
        )
    ]
