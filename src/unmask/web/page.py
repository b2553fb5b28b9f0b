"""The page: its layout, and what happens when a picture arrives.

Gradio only moves the file; `media.images.read_picture` alone decodes it. Hence `preprocess=False`: the image
component would otherwise open whatever arrives, with every plug-in that Pillow has.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from unmask.detector import Detector
from unmask.errors import UnmaskError
from unmask.media.images import read_picture
from unmask.media.provenance import Provenance, read_provenance
from unmask.schema import ImagePrediction
from unmask.web.endpoint import add_endpoint
from unmask.web.examples import write_examples
from unmask.web.panels import (
    HEADER,
    LEGEND,
    NOTES,
    WAITING,
    detector_note,
    error_panel,
    face_table,
    provenance_panel,
    verdict_panel,
)
from unmask.web.pictures import describe_picture, draw_heat_map, draw_verdicts, fit_to_screen
from unmask.web.uploads import find_upload

CLEAN_EVERY, DELETE_AFTER = 600, 3600
"""Seconds: how often the page looks for files of its own to delete, and how old they may get."""
WAITING_REQUESTS, AT_ONCE = 20, 2
# A live region must outlive its content, so the role is given to the element that Gradio keeps. On a phone the
# verdict lies below the picture, so it is brought into view.
ANNOUNCE = """
element.setAttribute("role", "status");
watch("value", () => element.scrollIntoView({ block: "nearest" }));
"""
PLACEHOLDER = "# Drop a photo here\nor click to choose one, or paste with Ctrl+V"


def build_page(detector: Detector) -> gr.Blocks:
    """Build the page for a detector; `launch_page` serves it.

    Example:
        >>> launch_page(build_page(load_detector()))  # doctest: +SKIP
    """
    with gr.Blocks(
        title="Unmask: real or fake?", analytics_enabled=False, delete_cache=(CLEAN_EVERY, DELETE_AFTER)
    ) as page:
        gr.HTML(HEADER, elem_id="header")
        with gr.Row(equal_height=False):
            with gr.Column(scale=4, min_width=300):
                picture = _add_input()
            with gr.Column(scale=6, min_width=300):
                outputs = _add_outputs(detector)

        def judge(upload: dict[str, Any] | None) -> list[Any]:
            return judge_upload(detector, upload)

        picture.change(
            judge,
            picture,
            outputs,
            preprocess=False,
            show_progress="minimal",
            trigger_mode="always_last",
            api_visibility="private",
        )
        add_endpoint(detector)
    page.queue(max_size=WAITING_REQUESTS, default_concurrency_limit=AT_ONCE)
    return page


def judge_upload(detector: Detector, upload: dict[str, Any] | None) -> list[Any]:
    """Judge an uploaded file and return the new state of each output of the page, in their order.

    A file that cannot be read is an outcome like another: the page says so, and nothing is raised.
    """
    if upload is None:
        return _show(WAITING)
    try:
        file = find_upload(upload)
        picture = read_picture(file)
        prediction = detector.predict_image(picture)
        provenance = read_provenance(file)
    except UnmaskError as error:
        return _show(error_panel(str(error)))
    small, faces = fit_to_screen(picture.pixels, prediction.faces)
    heat = draw_heat_map(small, faces)
    return _show(
        verdict_panel(prediction, detector.settings) + provenance_panel(provenance),
        gr.update(value=draw_verdicts(small, faces), alt_text=describe_picture(prediction)),
        gr.update(value=heat),
        has_heat=heat is not None,
        prediction=prediction,
        provenance=provenance,
    )


def _show(
    verdict: str,
    picture: Any = None,
    heat: Any = None,
    *,
    has_heat: bool = False,
    prediction: ImagePrediction | None = None,
    provenance: Provenance | None = None,
) -> list[Any]:
    """Return the outputs' updates in the order of `_add_outputs`."""
    return [
        verdict,
        gr.update(visible=prediction is not None),
        gr.update() if has_heat else gr.update(selected="faces"),
        picture,
        heat,
        gr.update(visible=has_heat),
        face_table(prediction.faces) if prediction else "",
        {**prediction.to_dict(), "provenance": provenance.to_dict()} if prediction and provenance else None,
    ]


def _add_input() -> gr.Image:
    """Add the picture to choose, the examples and the note on privacy; return the picture."""
    picture = gr.Image(
        label="Your picture",
        buttons=[],
        type="filepath",
        image_mode=None,
        sources=["upload", "clipboard"],
        placeholder=PLACEHOLDER,
        alt_text="The picture that you gave",
        height=320,
        elem_id="picture",
    )
    with tempfile.TemporaryDirectory() as folder:  # Gradio keeps copies of its own
        gr.Examples(
            [[str(path)] for path in write_examples(Path(folder))],
            picture,
            label="Examples: drawings",
            cache_examples=False,
            api_visibility="private",
            elem_id="examples",
        )
    gr.HTML(NOTES)
    return picture


def _add_outputs(detector: Detector) -> list[Any]:
    """Add what the page answers with, and return it in the order of `_show`."""
    verdict = gr.HTML(WAITING, elem_id="verdict", js_on_load=ANNOUNCE)
    with gr.Column(visible=False, elem_id="pictures") as pictures:
        with gr.Tabs(selected="faces") as tabs:
            with gr.Tab("Faces", id="faces"):
                boxed = _add_picture("Faces found", "boxed")
            with gr.Tab("Where the network looked", id="heat") as heat_tab:
                heat = _add_picture("Activation map", "heat")
                gr.HTML(LEGEND)
        table = gr.HTML(elem_id="faces")
    with gr.Accordion("What the verdicts mean, and what judged this picture", open=False, elem_id="details"):
        gr.HTML(detector_note(detector))
        raw = gr.JSON(label="The result as the API gives it", elem_id="raw")
    return [verdict, pictures, tabs, boxed, heat, heat_tab, table, raw]


def _add_picture(label: str, name: str) -> gr.Image:
    return gr.Image(
        label=label,
        show_label=False,  # the tab says it, and the label would lie on the picture
        format="jpeg",
        interactive=False,
        buttons=["download", "fullscreen"],
        alt_text="Your picture in grey, with the parts that spoke for fake in orange and for real in blue",
        elem_id=name,
    )
