"""The report of one clip: a page in one file, with the time line, the faces, the figures and how to repeat it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from unmask.calibration import verdict_of
from unmask.errors import DataError
from unmask.files import file_digest, is_same_file, write_whole
from unmask.report_html import badge, colour_of, data_url, facts_table, html_page, printable, table
from unmask.schema import DetectorSettings, PersonPrediction, Verdict, VideoPrediction
from unmask.verdicts import list_words

WIDE, HIGH = 900, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 24
"""Of a time line in pixels: its size, and the room round its plot."""
MOST_TICKS = 10
SHAPES: dict[Verdict, str] = {
    "real": '<circle cx="{x}" cy="{y}" r="4" {paint}>{title}</circle>',
    "uncertain": '<rect x="{left}" y="{top}" width="8" height="8" {paint}>{title}</rect>',
    "fake": '<path d="M{x} {top}l5 9h-10z" {paint}>{title}</path>',
}
"""A shape for each verdict too, for eyes that see no colour."""
MOST_SHOWN = 20
"""People with a time line of their own, those seen most; all of them are in the table."""

CAVEAT = (
    "A verdict is no proof. The thresholds were set on single pictures of the detector’s validation data; on other "
    "footage the probability is a score. Strong compression, filters and small faces can look forged, and a new kind "
    "of forgery can look real."
)


def write_clip_report(
    path: str | os.PathLike[str],
    prediction: VideoPrediction,
    settings: DetectorSettings,
    command: str,
    output: str | os.PathLike[str],
) -> None:
    """Write what was said of a clip as one HTML file that needs no other and loads nothing.

    Args:
        path: The clip; its SHA-256 is computed and named.
        prediction: What `Detector.predict_video` said of it.
        settings: Of the detector, for its thresholds.
        command: What repeats the verdict, without a character that cannot be printed.
        output: Where to; written aside and renamed.

    Raises:
        DataError: The clip is no longer there, or the page cannot be written.
    """
    clip = Path(path)
    try:
        digest, size = file_digest(clip), clip.stat().st_size
    except OSError as error:
        raise DataError(f"Could not read {clip} again for its report: {error.strerror}. Try once more.") from error
    if is_same_file(output, clip):
        raise DataError(f"{output} is the clip itself. Name another file for the report.")
    facts = {
        "File": f"{escape(printable(clip.name))}, {size:,} bytes",
        "SHA-256": f"<code>{digest}</code>",
        "Clip": f"{prediction.width} × {prediction.height} px, {prediction.duration:.1f} s",
        "Frames": f"{prediction.frames_wanted} wanted, {prediction.frames_read} read, "
        f"{prediction.frames_judged} with a face",
        "Detector": escape(prediction.detector),
        "Thresholds": f"real below {settings.real_threshold:.3f}, fake above {settings.fake_threshold:.3f}",
        "A person’s probability": f"{settings.video_pooling} of the logits of their frames",
        "Faces found by": escape(prediction.face_finder),
        "To repeat": f"<code>{escape(command)}</code>",
    }
    write_whole(Path(output), render_clip_report(printable(clip.name), prediction, settings, facts).encode())


def render_clip_report(
    name: str, prediction: VideoPrediction, settings: DetectorSettings, facts: dict[str, str]
) -> str:
    """Return the page; the values of `facts` are HTML already, `name` is plain text."""
    parts = [
        f"<h1>{escape(name)}: {badge(prediction.verdict)}</h1>",
        f"<p>{escape(prediction.reason)}</p>",
        f'<p class="note">{CAVEAT}</p>',
        *(_section(person, prediction, settings) for person in most_seen(prediction.people)),
        "<h2>Figures</h2>",
        f'<div class="scroll" tabindex="0">{_people_table(prediction.people)}</div>' if prediction.people else "",
        "<h2>How it was judged</h2>",
        facts_table(facts),
    ]
    return html_page(f"Unmask: {name}", parts)


def most_seen(people: Sequence[PersonPrediction]) -> list[PersonPrediction]:
    """Return the people who are shown with a time line, those who may decide before the brief ones."""
    shown = sorted(people, key=lambda person: -len(person.times))[:MOST_SHOWN]
    return sorted(shown, key=lambda person: (person.brief, person.number))


def remarks_on(person: PersonPrediction) -> str:
    """Return in words what keeps a person's verdict back, weakens it, or keeps it from deciding; empty without any."""
    return list_words([*person.reasons, *["seen in too few frames to decide"] * person.brief])


def _section(person: PersonPrediction, prediction: VideoPrediction, settings: DetectorSettings) -> str:
    remarks = remarks_on(person)
    note = f'<p class="note">{escape(remarks[0].upper() + remarks[1:])}.</p>' if remarks else ""
    faces = "".join(
        f'<figure><img alt="Person {person.number} at {person.times[place]:.1f} s" src="{data_url(crop)}">'
        f"<figcaption>{person.times[place]:.1f} s, fake {person.probabilities[place]:.3f}</figcaption></figure>"
        for place, crop in zip(person.best_frames, person.crops, strict=True)
    )
    heading = f"<h2>Person {person.number}: {badge(person.verdict)} {person.fake_probability:.3f}</h2>"
    line = time_line(person, prediction.duration, settings)
    return f'{heading}{note}\n<div class="scroll" tabindex="0">{line}</div>\n<div>{faces}</div>'


def time_line(
    person: PersonPrediction, duration: float, settings: DetectorSettings, wide: int = WIDE, *, seekable: bool = False
) -> str:
    """Return a person's fake probability over the clip's time as SVG, with the two thresholds.

    Args:
        person: With one judged frame or more.
        duration: Of the clip, in seconds.
        settings: Of the detector, for its thresholds.
        wide: Of the picture, in its own pixels.
        seekable: Whether each point is a button with its moment as `data-time`, for a page with a player. One of
            them is reached with the tab key.
    """
    length = max(duration, person.times[-1], 1e-3)

    def across(time: float) -> float:
        return LEFT + (wide - LEFT - RIGHT) * time / length

    def down(probability: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (1 - probability)

    lines = [
        f'<line x1="{LEFT}" x2="{wide - RIGHT}" y1="{down(value):.1f}" y2="{down(value):.1f}" stroke="#888" '
        f'stroke-dasharray="4 4"/>'
        for value in (settings.real_threshold, settings.fake_threshold)
    ]
    lines += [
        f'<text x="{LEFT - 6}" y="{down(value) + 4:.1f}" text-anchor="end">{value:g}</text>' for value in (0, 0.5, 1)
    ]
    lines += [
        f'<text x="{across(time):.1f}" y="{HIGH - 6}" text-anchor="middle">{time:g}{" s" if time == 0 else ""}</text>'
        for time in ticks(length)
    ]
    points = [(across(t), down(p)) for t, p in zip(person.times, person.probabilities, strict=True)]
    if len(points) > 1:
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(f'<polyline points="{way}" fill="none" stroke="#bbb"/>')
    for (x, y), time, probability in zip(points, person.times, person.probabilities, strict=True):
        said = f"{time:.2f} s: {probability:.3f}, {(verdict := _verdict_at(probability, settings))}"
        point = _point(x, y, verdict, said)
        lines.append(_button(point, time, said, first=time == person.times[0]) if seekable else point)
    label = f"Fake probability of person {person.number} over time, {len(points)} frames"
    frame = (
        f'<rect x="{LEFT}" y="{TOP}" width="{wide - LEFT - RIGHT}" height="{HIGH - TOP - BOTTOM}" fill="#fafafa" '
        'stroke="#ccc"/>'
    )
    role = "group" if seekable else "img"
    return f'<svg viewBox="0 0 {wide} {HIGH}" role="{role}" aria-label="{label}">{frame}{"".join(lines)}</svg>'


def ticks(length: float) -> list[float]:
    """Return round times in [0, length], 10 at most, for the axis of a clip of `length` seconds."""
    step = 10.0 ** np.floor(np.log10(length / MOST_TICKS))
    step = next(step * factor for factor in (1, 2, 5, 10, 20) if length / (step * factor) < MOST_TICKS)
    return [round(float(step) * number, 6) for number in range(int(length / step) + 1)]


def _verdict_at(probability: float, settings: DetectorSettings) -> Verdict:
    return verdict_of(probability, settings.real_threshold, settings.fake_threshold)


def _point(x: float, y: float, verdict: Verdict, said: str) -> str:
    return SHAPES[verdict].format(
        x=f"{x:.1f}", y=f"{y:.1f}", left=f"{x - 4:.1f}", top=f"{y - 5:.1f}",
        paint=f'fill="{colour_of(verdict)}" stroke="#333" stroke-width="0.5"',
        title=f"<title>{said}</title>",
    )  # fmt: skip


def _button(point: str, time: float, said: str, *, first: bool) -> str:
    reached = 0 if first else -1
    return f'<g role="button" tabindex="{reached}" data-time="{time:.3f}" aria-label="{said}">{point}</g>'


def _people_table(people: Sequence[PersonPrediction]) -> str:
    head = ["Person", "Verdict", "Fake probability", "Frames", "First seen", "Last seen", "Lowest", "Highest"]
    head.append("Remarks")
    rows = [[f"<th>{name}</th>" for name in head]]
    for person in people:
        values = [
            str(person.number), person.verdict,
            f"{person.fake_probability:.3f}", str(len(person.times)), f"{person.times[0]:.1f} s",
            f"{person.times[-1]:.1f} s", f"{min(person.probabilities):.3f}", f"{max(person.probabilities):.3f}",
            escape(remarks_on(person)),
        ]  # fmt: skip
        rows.append([f"<td>{value}</td>" for value in values])
    return table(rows)
