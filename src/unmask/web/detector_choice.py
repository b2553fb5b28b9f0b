"""Which detector judges: an accordion to switch to another, for one's own session alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from unmask.errors import UnmaskError
from unmask.web.panels import ANNOUNCE_QUIETLY
from unmask.web.shelf import Choice, Shelf, choose

LOOPBACK = {"127.0.0.1", "::1", "localhost", "[::1]"}
HELP = """<p class="note">Give a detector on the Hub as <code>user/name</code>, with a tag or commit to pin it; empty
fields bring back the page's own. On a page that serves this machine alone, the path of a detector folder works too. The
choice holds for your session; nobody else sees it, and the endpoints for programs keep the page's own.</p>"""


def add_detector_choice(page: gr.Blocks, shelf: Shelf) -> gr.State:
    """Add the accordion, and return the session's choice, a `Choice` or None for the page's own detector."""
    choice = gr.State(None)
    with gr.Accordion("Use another detector", open=False, elem_id="detector-choice"):
        with gr.Row(equal_height=True):
            source = gr.Textbox(
                label="Detector", placeholder="user/name", max_lines=1, max_length=300, elem_id="source", scale=3
            )
            revision = gr.Textbox(
                label="Revision (optional)", placeholder="v1", max_lines=1, max_length=100, elem_id="revision", scale=1
            )
            button = gr.Button("Load", elem_id="load", scale=1, min_width=100)
        status = gr.HTML(_in_use(shelf.own.name), elem_id="in-use", js_on_load=ANNOUNCE_QUIETLY)
        gr.HTML(HELP)

    def switch(
        source: str, revision: str, before: Choice | None, request: gr.Request
    ) -> Iterator[tuple[Choice | None, Any]]:
        yield before, f'<p class="status">Loading {escape(source or "the page’s own detector")} …</p>'
        try:
            wanted = choose(source, revision, local=sits_here(page, request))
            name = shelf.get(wanted).name
        except UnmaskError as error:
            yield before, _not_loaded(str(error), shelf, before)
        else:
            yield wanted, _in_use(name)

    gr.on(
        [button.click, source.submit, revision.submit],
        switch,
        [source, revision, choice],
        [choice, status],
        show_progress="hidden",
        trigger_mode="always_last",  # "once" would drop what is asked for as the answer before it arrives
        api_visibility="private",
    )
    return choice


def sits_here(page: gr.Blocks, request: gr.Request) -> bool:
    """Return whether the visitor sits at this machine and the page serves nobody else.

    A proxy in front of the page also comes from this machine, so the name in the browser's address must be this
    machine's too, and a server that listens to others counts as serving them.
    """
    if os.environ.get("SPACE_ID") or page.share or page.server_name not in LOOPBACK:
        return False
    client = request.client.host if request.client else ""
    host = str(request.headers.get("host", "")).rpartition(":")[0]
    return client in LOOPBACK and host in LOOPBACK and "x-forwarded-for" not in request.headers


def _in_use(name: str) -> str:
    return f'<p class="status">In use: <code>{escape(name)}</code></p>'


def _not_loaded(message: str, shelf: Shelf, before: Choice | None) -> str:
    name = shelf.own.name if before is None else before.source
    return f'<p class="status failed"><strong>Not loaded.</strong> {escape(message)}</p>{_in_use(name)}'
