"""Serving the page: every setting of the server in one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr

from unmask.errors import UnmaskError
from unmask.media.zip_pictures import MAX_ZIP_BYTES
from unmask.web.page import WAITING_REQUESTS

STYLE, SCRIPT = Path(__file__).with_name("page.css"), Path(__file__).with_name("page.js")
SYSTEM_FONTS = ("system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
SYSTEM_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")


def launch_page(page: gr.Blocks, *, block: bool = True, workers: int | None = None, **options: Any) -> str:
    """Serve a page until it is interrupted, and return its address.

    The address is 127.0.0.1:7860 or that of `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT`; where the port
    is taken, the next free one.

    Args:
        page: What `build_page` made.
        block: Whether to wait here until the server is interrupted.
        workers: How many pictures are judged at the same time; None as the page has it.
        options: Arguments of Gradio's `launch` that win over the page's own, such as `server_port`.

    Raises:
        UnmaskError: No port is free, or the host is none of this machine.
    """
    if workers is not None:
        page.queue(max_size=WAITING_REQUESTS, default_concurrency_limit=workers)
    try:
        _, address, _ = page.launch(**{**launch_options(), **options})
    except OSError as error:
        host = options.get("server_name") or os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
        port = options.get("server_port") or os.environ.get("GRADIO_SERVER_PORT", "7860")
        raise UnmaskError(
            f"Could not serve the page: port {port} is taken, or {host} is no address of this machine. "
            "Choose others: --port, --host, or GRADIO_SERVER_PORT."
        ) from error
    if block:
        print(f"Unmask is at {address} (Ctrl+C stops it)", flush=True)
        page.block_thread()
    return str(address)


def launch_options() -> dict[str, Any]:
    """Return how the page is served: nothing of the outside, nothing kept, nothing shared."""
    return {
        "prevent_thread_lock": True,
        "quiet": True,
        "share": False,
        "theme": make_theme(),
        "css_paths": STYLE,
        "js": SCRIPT.read_text(encoding="utf-8"),
        "footer_links": ["api"],
        "max_file_size": MAX_ZIP_BYTES,
        "run_history": False,  # would keep people's pictures in the browser
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
    }


def make_theme() -> gr.themes.Base:
    """Return Gradio's Soft theme with system fonts, and with colours of text that stand out by WCAG AA."""
    soft = gr.themes.Soft(primary_hue="blue", neutral_hue="slate", font=SYSTEM_FONTS, font_mono=SYSTEM_MONO)
    return soft.set(
        block_label_text_color="*primary_700",
        block_title_text_color="*primary_700",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        link_text_color_dark="*secondary_300",
        link_text_color_visited_dark="*secondary_300",
    )
