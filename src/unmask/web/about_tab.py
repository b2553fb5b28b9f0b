"""The tab *About this detector*: what it promises, how it scored, and its card."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from unmask.calibration import describe_promise
from unmask.detector import Detector
from unmask.detector_folder import CALIBRATION_FIGURE, CARD, REPORT, ROBUSTNESS_FIGURE, read_json
from unmask.errors import DetectorError, UnmaskError
from unmask.media.images import read_image
from unmask.web.pictures import to_data_url
from unmask.web.shelf import Choice, Shelf
from unmask.web.words import percent

LONGEST_CARD = 200_000
NOT_SCORED = "<p>This detector comes without scores: expect nothing of it until it was scored.</p>"
PLOTS = {
    ROBUSTNESS_FIGURE: ("Robustness", "Curves: AUC on each data set against the strength of ten corruptions"),
    CALIBRATION_FIGURE: ("Calibration", "Plot: the share of fakes among pictures of about the same fake probability"),
}
"""Of a suite, by file: heading, and words for who does not see it. The figures stand in the card's tables."""
MOST_PLOT_BYTES = 2 << 20
FIGURES = {"auc": "AUC", "accuracy": "Accuracy", "eer": "EER"}


def add_about_tab(shelf: Shelf, choice: gr.State) -> None:
    """Fill the tab."""
    facts = gr.HTML(describe_detector(shelf.own), elem_id="about")
    with gr.Accordion("Its model card", open=False, elem_id="card"):
        card = gr.Markdown(read_card(shelf.own), elem_id="card-text")

    def describe(chosen: Choice | None) -> tuple[str, str]:
        detector = shelf.get(chosen)
        return describe_detector(detector), read_card(detector)

    choice.change(describe, choice, [facts, card], api_visibility="private")


def describe_detector(detector: Detector) -> str:
    """Return thresholds, promise, licence and scores of a detector as HTML."""
    settings = detector.settings
    low, high = percent(settings.real_threshold), percent(settings.fake_threshold)
    promise = describe_promise(settings) or "nothing: it states no error rate"
    facts = {
        "Detector": detector.name,
        "Thresholds": f"below {low} is called real, above {high} fake, and between them uncertain",
        "What they promise": promise,
        "Calibrated on": settings.calibrated_on or "not stated",
        "Trained on": ", ".join(settings.trained_on) or "not stated",
        "Licence of the weights": settings.license,
        "Face finder": detector.face_finder.name,
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items())
    return f"<h2>{escape(settings.name)}</h2><dl class='facts'>{listed}</dl>{_describe_scores(detector)}"


def read_card(detector: Detector) -> str:
    """Return the detector's card as Markdown that shows text and nothing else.

    A card may come from anyone: its HTML stays text, and its pictures, which would have the browser ask other
    servers, become links; those of the folder are shown beside the scores. The heading of YAML is left out.
    """
    try:
        text = (detector.folder / CARD).read_text(encoding="utf-8")[:LONGEST_CARD]
    except (OSError, UnicodeDecodeError):
        return "This detector comes without a card."
    text = re.sub(r"\A---\n.*?\n---\n", "", text.replace("\r\n", "\n"), flags=re.DOTALL)
    text = re.sub(rf"!\[[^\]]*\]\(({'|'.join(map(re.escape, PLOTS))})\)\n*", "", text)
    return re.sub(r"<(?=[A-Za-z/!?])", "‹", text).replace("![", "[")


def _describe_scores(detector: Detector) -> str:
    """Return the figures of report.json as HTML; a report that cannot be read is named as such."""
    if not (detector.folder / REPORT).is_file():
        return NOT_SCORED
    try:
        report = read_json(detector.folder / REPORT)
        entries = [entry for entry in report.get("datasets") or [] if isinstance(entry, dict)]
        parts = [_score_table(title, found) for title, found in _by_source(entries).items() if found]
        parts += _plots(detector.folder) if report.get("suite") else []
    except (DetectorError, AttributeError, TypeError, ValueError, KeyError):
        return "<p>This detector's report.json cannot be read, so no scores are shown.</p>"
    return "".join(parts) or NOT_SCORED


def _by_source(entries: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {
        "On data sets that it never saw": [entry for entry in entries if not entry.get("seen_in_training")],
        "On new pictures of the data sets that it learned from": [e for e in entries if e.get("seen_in_training")],
    }


COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Data set": lambda entry: " ".join(str(entry[key]) for key in ("name", "split") if entry.get(key)),
    "Pictures": lambda entry: f"{int(entry['counts']['total']):,}",
    **{
        title: lambda entry, key=key: _figure(entry["metrics"].get(key))  # type: ignore[misc]
        for key, title in FIGURES.items()
    },
    "Real called fake": lambda entry: _share(entry, ("real",), "fake"),
    "Fake called real": lambda entry: _share(entry, ("fake",), "real"),
    "Uncertain": lambda entry: _share(entry, ("real", "fake"), "uncertain"),
}


def _score_table(title: str, entries: list[dict[str, Any]]) -> str:
    rows = [[column(entry) for column in COLUMNS.values()] for entry in entries]
    return _table(title, list(COLUMNS), rows)


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    heads = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<h3>{escape(title)}</h3><div class='scroll' tabindex='0' role='region' aria-label='{escape(title)}'>"
        f"<table class='scores'><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _plots(folder: Path) -> list[str]:
    """Return the plots that lie in a detector's folder, decoded and drawn anew, as the folder may come from anyone."""
    parts = []
    for name, (title, words) in PLOTS.items():
        try:
            if (folder / name).stat().st_size > MOST_PLOT_BYTES:
                continue
            picture = to_data_url(Image.fromarray(read_image(folder / name)))
        except (OSError, UnmaskError):
            continue
        parts.append(f"<h3>{title}</h3><img class='plot' src='{picture}' alt='{words}'>")
    return parts


def _figure(value: Any) -> str:
    return "–" if value is None else f"{float(value):.3f}"


def _share(entry: dict[str, Any], labels: tuple[str, ...], verdict: str) -> str:
    verdicts = entry.get("verdicts") or {}
    total = sum(sum(verdicts.get(label, {}).values()) for label in labels)
    found = sum(verdicts.get(label, {}).get(verdict, 0) for label in labels)
    return f"{100 * found / total:.1f}%" if total else "–"
