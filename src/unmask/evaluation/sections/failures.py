"""Failures: the pictures that the detector is most surely wrong about, and how they differ from the others."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from PIL import Image, ImageDraw
from tqdm import tqdm

from unmask.data.labels import UNKNOWN_METHOD
from unmask.evaluation.looks import THUMBNAIL, Look, describe_look, measure_look, median_looks
from unmask.evaluation.samples import take_evenly
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections import SECTIONS, Scored, ScoredData, Section
from unmask.known_failures import KINDS, render_failures
from unmask.schema import FAKE, REAL, Verdict

VERDICTS_OF: dict[str, tuple[int, Verdict, Verdict]] = {
    "real_called_fake": (REAL, "fake", "real"),
    "fake_called_real": (FAKE, "real", "fake"),
}
"""The true label, the wrong verdict and the right one of each kind of failure."""
CAPTION = (
    "The faces of the surest wrong verdicts on {name}, in the order of the table. They belong to the data set, whose "
    "terms say whether this page may be passed on; `report.json` and the card hold none."
)
GAP, LINE = 6, 16

Judged = tuple[ImageScore, str]
"""What was said of a picture, and its path."""


@SECTIONS.register("failures")
def failures(scored: Scored, pictures: int = 5, compared: int = 200) -> Section:
    """Return the first detector's surest wrong verdicts, so many of each kind and data set, and how the wrong differ.

    Up to `compared` wrongly and as many rightly judged pictures of each class are measured for the medians. Faces are
    drawn on the pages alone, never into report.json.
    """
    content: dict[str, Any] = {}
    figures: dict[str, bytes] = {}
    captions: list[str] = []
    for number, data in enumerate(scored.data, start=1):
        look_of = functools.cache(functools.partial(measure_look, scored.detectors[0]))
        content[data.name], rows = {}, []
        for kind in VERDICTS_OF:
            content[data.name][kind], looks = describe_kind(data, kind, pictures, compared, look_of, scored.progress)
            rows.append((f"{KINDS[kind]}:", looks))
        if any(looks for _, looks in rows):
            name = f"failures-{number}.png"
            figures[name] = draw_sheet(rows)
            captions += [CAPTION.format(name=data.name), f"![Faces with wrong verdicts]({name})"]
    markdown = "\n\n".join([render_failures(content), *captions])
    return Section("Known failures", {"detector": scored.detectors[0].name, "by_data": content}, markdown, figures)


def describe_kind(
    data: ScoredData,
    kind: str,
    pictures: int,
    compared: int,
    look_of: Callable[[str], Look | None],
    progress: bool = True,
) -> tuple[dict[str, Any], list[Look]]:
    """Return one kind's part of report.json, and how its surest pictures look.

    Args:
        data: the scored pictures.
        kind: a key of `VERDICTS_OF`.
        pictures: how many of the surest are described.
        compared: how many wrongly, and how many rightly judged ones the medians are of, at most.
        look_of: from a picture's path to its look.
        progress: show a bar on a terminal.
    """
    judged = [(row, sample.path) for row, sample in zip(data.scores[0].rows, data.samples, strict=True)]
    label, *verdicts = VERDICTS_OF[kind]
    wrong, right = ([one for one in judged if one[0].label == label and one[0].verdict == said] for said in verdicts)

    def looks_at(those: Sequence[Judged]) -> list[Look | None]:
        bar = tqdm(those, f"{data.name}, {KINDS[kind]}", unit="face", disable=None if progress else True)
        return [look_of(path) for _, path in bar]

    content: dict[str, Any] = {}
    for name, group in (("wrong", wrong), ("right", right)):
        looks = [look for look in looks_at(take_evenly(group, compared)) if look is not None]
        content[name] = {"pictures": len(group), **median_looks(looks)}
    surest = choose_surest(wrong, pictures)
    seen = looks_at(surest)
    content["surest"] = [_entry(row, look) for (row, _), look in zip(surest, seen, strict=True)]
    return content, [look for look in seen if look is not None]


def choose_surest(wrong: Iterable[Judged], most: int) -> list[Judged]:
    """Return the wrong verdicts that the detector was surest of, surest first, one of each source.

    Frames of one clip fail together, and would fill the list.
    """
    first: dict[str, Judged] = {}
    for row, path in sorted(wrong, key=lambda one: -abs((one[0].fake_probability or 0.0) - one[0].label)):
        first.setdefault(row.source_id, (row, path))
    return list(first.values())[:most]


def draw_sheet(rows: Sequence[tuple[str, Sequence[Look]]]) -> bytes:
    """Return a PNG with a line of thumbnails below each label; rows without any are left out."""
    rows = [row for row in rows if row[1]]
    wide = max(len(looks) for _, looks in rows) * (THUMBNAIL + GAP) + GAP
    sheet = Image.new("RGB", (wide, len(rows) * (THUMBNAIL + LINE + GAP) + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (label, looks) in enumerate(rows):
        top = GAP + place * (THUMBNAIL + LINE + GAP)
        pen.text((GAP, top), label, fill="black")
        for column, look in enumerate(looks):
            sheet.paste(Image.fromarray(look.thumbnail), (GAP + column * (THUMBNAIL + GAP), top + LINE))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _entry(row: ImageScore, look: Look | None) -> dict[str, Any]:
    return {
        "file": row.file,
        "method": "" if row.label == REAL or row.method == UNKNOWN_METHOD else row.method,
        "fake_probability": round(row.fake_probability or 0.0, 4),
        "look": "" if look is None else describe_look(look),
    }
