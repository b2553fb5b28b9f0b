"""The page: its header, the choice of a detector, and a tab for each way to use it."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from unmask.detector import Detector
from unmask.web.about_tab import add_about_tab
from unmask.web.batch_tab import add_batch_tab
from unmask.web.detector_choice import add_detector_choice
from unmask.web.endpoint import add_endpoints
from unmask.web.image_tab import add_image_tab
from unmask.web.live_tab import add_live_tab
from unmask.web.panels import HEADER
from unmask.web.shelf import Shelf
from unmask.web.video_tab import add_video_tab

TABS: dict[str, Callable[[Shelf, gr.State], None]] = {
    "Image": add_image_tab,
    "Video": add_video_tab,
    "Batch": add_batch_tab,
    "Live": add_live_tab,
    "About this detector": add_about_tab,
}
"""The tabs in their order; each is one module with a function that fills it."""
CLEAN_EVERY, DELETE_AFTER = 600, 3600
"""Seconds: how often the page looks for files of its own to delete, and how old they may get."""
WAITING_REQUESTS, AT_ONCE = 20, 2


def build_page(detector: Detector) -> gr.Blocks:
    """Build the page for a detector; `launch_page` serves it.

    Example:
        >>> launch_page(build_page(load_detector()))  # doctest: +SKIP
    """
    with gr.Blocks(
        title="Unmask: real or fake?", analytics_enabled=False, delete_cache=(CLEAN_EVERY, DELETE_AFTER)
    ) as page:
        gr.HTML(HEADER, elem_id="header")
        shelf = Shelf(detector)
        choice = add_detector_choice(page, shelf)
        with gr.Tabs(elem_id="tabs"):
            for name, add_tab in TABS.items():
                with gr.Tab(name, id=name):
                    add_tab(shelf, choice)
        add_endpoints(detector)
    page.queue(max_size=WAITING_REQUESTS, default_concurrency_limit=AT_ONCE)
    return page
