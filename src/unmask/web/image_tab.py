"""The tab *Image*: a few pictures at once, each with its faces boxed, its verdict and its heat map.

Gradio only moves the files; `media.images` alone decodes them. Hence `preprocess=False`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from unmask.detector import Detector
from unmask.errors import UnmaskError
from unmask.media.boxes import fit_to_screen
from unmask.media.images import read_image, read_picture
from unmask.media.provenance import Provenance, read_provenance
from unmask.schema import ImagePrediction
from unmask.web.examples import write_examples
from unmask.web.panels import (
    ANNOUNCE,
    CHOOSE,
    CHOOSE_SCRIPT,
    JUDGING,
    LEGEND,
    NOTES,
    WAITING,
    detector_note,
    error_panel,
    face_table,
    gallery,
    progress_line,
    provenance_panel,
    verdict_panel,
)
from unmask.web.pictures import describe_picture, draw_heat_map, draw_verdicts, to_data_url
from unmask.web.report_buttons import add_report_buttons
from unmask.web.shelf import Choice, Shelf
from unmask.web.uploads import find_uploads

MOST_PICTURES = 20
THUMBNAIL = 160
"""Longer side in pixels."""


@dataclass(frozen=True)
class Judged:
    """One uploaded picture and what came of it: a prediction, or why there is none."""

    path: Path
    prediction: ImagePrediction | None
    provenance: Provenance | None
    error: str
    thumbnail: str


def add_image_tab(shelf: Shelf, choice: gr.State) -> None:
    """Fill the tab."""
    judged, shown = gr.State([], time_to_live=3600), gr.State(None)
    with gr.Row(equal_height=False):
        with gr.Column(scale=4, min_width=300):
            files = _add_input()
        with gr.Column(scale=6, min_width=300):
            outputs, note = _add_outputs(shelf, choice, shown)

    def judge(uploads: Any, chosen: Choice | None) -> Iterator[list[Any]]:
        for state in judge_uploads(shelf, chosen, uploads):
            yield [*state, gr.skip() if state[0][1:] else path_of(state[0], 0)]

    def show_one(event: gr.EventData, done: list[Judged], chosen: Choice | None) -> list[Any]:
        place = getattr(event, "index", None)
        return [gr.skip(), *show_chosen(shelf, chosen, done, place), path_of(done, place)]

    gr.on(
        [files.change, choice.change],
        judge,
        [files, choice],
        [judged, *outputs, shown],
        preprocess=False,
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )
    outputs[0].click(
        show_one,
        [judged, choice],
        [*outputs, shown],
        show_progress="hidden",
        trigger_mode="always_last",
        api_visibility="private",
    )
    choice.change(lambda chosen: detector_note(shelf.get(chosen)), choice, note, api_visibility="private")


def judge_uploads(shelf: Shelf, choice: Choice | None, uploads: Any) -> Iterator[list[Any]]:
    """Judge uploaded files; yield at once and after each what is judged so far and the state of the tab's outputs.

    A file that cannot be read is an outcome like another: the page says so, and nothing is raised.
    """
    try:
        paths, detector = find_uploads(uploads), shelf.get(choice)
    except UnmaskError as error:
        yield [[], "", *_blank(error_panel(str(error)))]
        return
    if not paths:
        yield [[], "", *_blank(WAITING)]
        return
    yield [[], "", *_blank(JUDGING)]
    wanted = paths[:MOST_PICTURES]
    done: list[Judged] = []
    for path in wanted:
        one, image = _judge(detector, path)
        done.append(one)
        details = [gr.skip()] * DETAILS if done[1:] else show(one, detector, image)
        yield [done, _overview(done, len(wanted), len(paths)), *details]


def show_chosen(shelf: Shelf, choice: Choice | None, done: list[Judged], place: object) -> list[Any]:
    """Return the state of each output but the gallery for the picture at a place of it, read anew."""
    if not isinstance(place, int) or not 0 <= place < len(done):
        return [gr.skip()] * DETAILS
    try:
        image = read_image(done[place].path) if done[place].prediction else None
        return show(done[place], shelf.get(choice), image)
    except UnmaskError as error:
        return _blank(error_panel(str(error)))


def path_of(done: list[Judged], place: object) -> Path | None:
    """Return the path of the picture at a place of the gallery, None where there is none."""
    return done[place].path if isinstance(place, int) and 0 <= place < len(done) else None


def show(one: Judged, detector: Detector, image: np.ndarray | None) -> list[Any]:
    """Return the state of each output but the gallery for one picture (uint8 RGB), in the order of `_add_outputs`."""
    prediction = one.prediction
    if prediction is None or one.provenance is None or image is None:
        return _blank(error_panel(one.error))
    small, faces = fit_to_screen(image, prediction.faces)
    heat = draw_heat_map(small, faces)
    return [
        verdict_panel(prediction, detector.settings) + provenance_panel(one.provenance),
        gr.update(visible=True),
        gr.update() if heat else gr.update(selected="faces"),
        gr.update(value=draw_verdicts(small, faces), alt_text=describe_picture(prediction)),
        gr.update(value=(small, heat) if heat else None),
        gr.update(visible=heat is not None),
        face_table(prediction.faces),
        {**prediction.to_dict(), "provenance": one.provenance.to_dict()},
    ]


DETAILS = 8
"""How many outputs `show` gives."""


def _blank(verdict: str) -> list[Any]:
    """Return the outputs of `show` with a verdict's panel and nothing below it."""
    hidden = gr.update(visible=False)
    return [verdict, hidden, gr.update(selected="faces"), None, None, hidden, "", None]


def _judge(detector: Detector, path: Path) -> tuple[Judged, np.ndarray | None]:
    try:
        picture = read_picture(path)
        prediction, provenance = detector.predict_image(picture), read_provenance(path)
    except UnmaskError as error:
        return Judged(path, None, None, str(error), ""), None
    return Judged(path, prediction, provenance, "", _thumbnail(picture.pixels)), picture.pixels


def _thumbnail(image: np.ndarray) -> str:
    """Return a small copy of a picture as a data URL."""
    small = Image.fromarray(image)
    small.thumbnail((2 * THUMBNAIL, 2 * THUMBNAIL), reducing_gap=1.5)
    return to_data_url(small)


def _overview(done: list[Judged], wanted: int, given: int) -> str:
    """Return how far the judging is, and what came of each picture; nothing for one picture alone."""
    if given == 1:
        return ""
    if len(done) < wanted:
        line = progress_line(f"Judging picture {len(done) + 1} of {wanted} …", len(done), wanted)
    else:
        line = CHOOSE.format(count=wanted)
        if given > wanted:
            rest = "1 more was" if given == wanted + 1 else f"{given - wanted} more were"
            line += f" {rest} left out: this tab takes {wanted} at once, the tab Batch far more."
        line = f'<p class="status">{line}</p>'
    items = [(each.path.name, each.prediction.verdict if each.prediction else None, each.thumbnail) for each in done]
    return line + gallery(items)


def _add_input() -> gr.File:
    """Add the pictures to choose, the examples and the note on privacy; return the pictures."""
    files = gr.File(
        label="Your pictures",
        file_count="multiple",
        type="filepath",
        height=220,
        elem_id="picture",
    )
    example = gr.Image(type="filepath", image_mode=None, visible=False)
    with tempfile.TemporaryDirectory() as folder:  # Gradio keeps copies of its own
        gr.Examples(
            [[str(path)] for path in write_examples(Path(folder))],
            example,
            files,
            lambda path: [path],
            run_on_click=True,
            label="Examples: drawings",
            cache_examples=False,
            api_visibility="private",
            elem_id="examples",
        )
    gr.HTML(NOTES)
    return files


def _add_outputs(shelf: Shelf, choice: gr.State, shown: gr.State) -> tuple[list[Any], gr.HTML]:
    """Add what the tab answers with: the gallery and the outputs of `show`, in its order; and the detector's note."""
    overview = gr.HTML(elem_id="gallery", js_on_load=CHOOSE_SCRIPT)
    verdict = gr.HTML(WAITING, elem_id="verdict", js_on_load=ANNOUNCE)
    with gr.Column(visible=False, elem_id="pictures") as pictures:
        with gr.Tabs(selected="faces") as tabs:
            with gr.Tab("Faces", id="faces"):
                boxed = gr.Image(
                    label="Faces found",
                    show_label=False,  # the tab says it, and the label would lie on the picture
                    format="jpeg",
                    interactive=False,
                    buttons=["download", "fullscreen"],
                    elem_id="boxed",
                )
            with gr.Tab("Where the network looked", id="heat") as heat_tab:
                heat = gr.ImageSlider(
                    label="Your picture, and where the network looked",
                    show_label=False,
                    format="jpeg",
                    interactive=False,
                    buttons=["download", "fullscreen"],
                    max_height=700,
                    elem_id="heat",
                )
                gr.HTML(LEGEND)
        table = gr.HTML(elem_id="faces")
        add_report_buttons(shelf, choice, shown)
    with gr.Accordion("What the verdicts mean, and what judged this picture", open=False, elem_id="details"):
        note = gr.HTML(detector_note(shelf.own))
        raw = gr.JSON(label="The result as the API gives it", elem_id="raw")
    return [overview, verdict, pictures, tabs, boxed, heat, heat_tab, table, raw], note
