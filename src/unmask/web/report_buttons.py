"""The buttons that make a report of the picture shown and hand it to the browser."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from unmask.errors import UnmaskError
from unmask.picture_report import write_picture_report
from unmask.web.shelf import Choice, Shelf

FORMS = {"html": "Download report (HTML)", "pdf": "Download report (PDF)"}
# Gradio's button for downloads gives the file that was there before it was pressed, so a script fetches the new one.
FETCH = """(file) => {
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""


def add_report_buttons(shelf: Shelf, choice: gr.State, shown: gr.State) -> None:
    """Add a button for each form of report.

    Args:
        shelf: The detectors.
        choice: The visitor's detector.
        shown: The path of the picture that is shown, None where there is none.
    """

    def make(form: str) -> gr.events.Dependency:
        def write(picture: Path | None, chosen: Choice | None) -> Iterator[str]:
            yield from make_report(shelf, chosen, picture, form)

        return made[form].click(
            write,
            [shown, choice],
            files[form],
            trigger_mode="once",
            show_progress="minimal",
            api_visibility="private",
        )

    with gr.Row():
        made = {form: gr.Button(words, size="sm", elem_id=f"make-{form}") for form, words in FORMS.items()}
    files = {form: gr.DownloadButton(visible=False) for form in FORMS}
    for form in FORMS:
        make(form).success(None, files[form], js=FETCH, api_visibility="private")


def make_report(shelf: Shelf, choice: Choice | None, picture: Path | None, form: str) -> Iterator[str]:
    """Yield the path of a new report, `html` or `pdf`, for Gradio to copy; the file itself is deleted then.

    Raises:
        gr.Error: There is no picture any more, or no report can be made of it; in one line.
    """
    if picture is None:
        raise gr.Error("There is no picture any more. Upload it again.", print_exception=False)
    name = re.sub(r"[^\w.-]+", "_", picture.stem)[:80]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / f"unmask-{name}.{form}"
        try:
            write_picture_report(picture, shelf.get(choice), report, public=True)
        except UnmaskError as error:
            raise gr.Error(str(error), print_exception=False) from error
        yield str(report)
