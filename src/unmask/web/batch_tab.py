"""The tab *Batch*: many files or zips in, a table out, as CSV and JSON too."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from unmask.errors import UnmaskError
from unmask.files import write_whole
from unmask.media.zip_pictures import MAX_ENTRIES, MAX_ZIP_BYTES
from unmask.schema import VERDICTS
from unmask.web.batch import MOST_FILES, BatchRow, count_files, judge_files, rows_to_csv, rows_to_json
from unmask.web.panels import ANNOUNCE_QUIETLY, MARKS, error_panel, progress_line
from unmask.web.shelf import Choice, Shelf
from unmask.web.uploads import find_uploads
from unmask.web.words import percent

SHOW_EVERY = 0.5
"""Seconds between two looks at a table that grows."""
COLUMNS = ("File", "Verdict", "Fake probability", "Faces", "Reason")
HELP = f"""<p class="note">Pictures, or zip files of pictures of up to {MAX_ZIP_BYTES // 2**20} MiB and {MAX_ENTRIES}
entries; {MOST_FILES} pictures at once. A file that cannot be read gets a row that says why. The column heads sort the
table. Everything is deleted after about an hour.</p>"""


def add_batch_tab(shelf: Shelf, choice: gr.State) -> None:
    """Fill the tab."""
    files = gr.File(
        label="Pictures or zip files", file_count="multiple", type="filepath", height=160, elem_id="batch-files"
    )
    gr.HTML(HELP)
    with gr.Row():
        start = gr.Button("Judge all", variant="primary", elem_id="batch-start")
        stop = gr.Button("Stop", elem_id="batch-stop")
    status = gr.HTML(elem_id="batch-status", js_on_load=ANNOUNCE_QUIETLY)
    table = gr.HTML(elem_id="batch-table")
    with gr.Row(visible=False) as downloads:
        as_csv = gr.DownloadButton("Download CSV", elem_id="batch-csv")
        as_json = gr.DownloadButton("Download JSON", elem_id="batch-json")

    def judge(uploads: Any, chosen: Choice | None) -> Iterator[list[Any]]:
        yield from judge_batch(shelf, chosen, uploads)

    run = start.click(
        judge,
        [files, choice],
        [status, table, downloads, as_csv, as_json],
        preprocess=False,
        show_progress="hidden",
        trigger_mode="once",
        concurrency_limit=1,
        api_visibility="private",
    )
    stop.click(lambda: STOPPED, None, status, cancels=run, queue=False, api_visibility="private")


STOPPED = '<p class="status">Stopped. The rows below were judged; start again to judge all.</p>'
NOTHING = "No file arrived. Drop pictures or a zip file above, then press Judge all."


def judge_batch(shelf: Shelf, choice: Choice | None, uploads: Any) -> Iterator[list[Any]]:
    """Judge uploaded files and yield the outputs of the tab: status, table, downloads shown, CSV, JSON."""
    hidden, later = gr.update(visible=False), gr.skip()
    try:
        paths = find_uploads(uploads)
        if not paths:
            yield [error_panel(NOTHING, "Nothing to judge"), "", hidden, later, later]
            return
        yield ['<p class="status">Reading the files …</p>', "", hidden, later, later]
        detector = shelf.get(choice)
    except UnmaskError as error:
        yield [error_panel(str(error)), "", hidden, later, later]
        return
    total = count_files(paths)
    rows: list[BatchRow] = []
    shown = 0.0
    for row in judge_files(detector, paths):
        rows.append(row)
        if time.monotonic() - shown > SHOW_EVERY and len(rows) < total:
            shown = time.monotonic()
            line = progress_line(f"Judged {len(rows)} of {total} files …", len(rows), total)
            yield [line, batch_table(rows), later, later, later]
    with tempfile.TemporaryDirectory() as folder:  # Gradio copies both, and deletes its copies
        files = _write_downloads(Path(folder), rows_to_csv(rows), rows_to_json(rows, detector))
        yield [summary(rows), batch_table(rows), gr.update(visible=True), *files]


def summary(rows: list[BatchRow]) -> str:
    """Return in one line how many files got which verdict."""
    counts = Counter(row["verdict"] for row in rows)
    words = {"no_face": "without a face", "error": "not read"}
    parts = [f"{counts[verdict]} {words.get(verdict, verdict)}" for verdict in (*VERDICTS, "error") if counts[verdict]]
    return f'<p class="status"><strong>{len(rows)} files:</strong> {", ".join(parts)}.</p>'


def batch_table(rows: list[BatchRow]) -> str:
    """Return a table with a row per file, whose heads page.js makes sort it."""
    head = "".join(
        f"<th scope='col' aria-sort='none'><button type='button'>{name}<span aria-hidden='true'></span></button></th>"
        for name in COLUMNS
    )
    return (
        "<div class='scroll' tabindex='0' role='region' aria-label='Table of the files'><table class='batch sortable'>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_table_row, rows))}</tbody></table></div>"
    )


def _table_row(row: BatchRow) -> str:
    probability, verdict = row["fake_probability"], row["verdict"]
    number = "–" if probability is None else percent(probability)
    mark, word = MARKS.get(verdict, "×"), verdict.replace("_", " ")
    return (
        f"<tr class='{escape(verdict)}'><th scope='row'>{escape(row['file'])}</th>"
        f"<td><span class='mark' aria-hidden='true'>{mark}</span> {escape(word)}</td>"
        f"<td data-value='{-1 if probability is None else probability}'>{escape(number)}</td>"
        f"<td data-value='{row['faces']}'>{row['faces']}</td><td>{escape(row['reason'])}</td></tr>"
    )


def _write_downloads(folder: Path, as_csv: str, as_json: str) -> tuple[str, str]:
    """Write both files into a folder and return their paths."""
    write_whole(folder / "unmask.csv", as_csv.encode("utf-8-sig", "replace"))  # the mark makes Excel read UTF-8
    write_whole(folder / "unmask.json", as_json.encode())
    return str(folder / "unmask.csv"), str(folder / "unmask.json")
