"""What every figure is drawn with: a canvas without a screen, colours for any eye, PNG bytes without a date.

Drawn on Figure objects, never through pyplot, which keeps global state and may look for a screen. The colours
are Okabe and Ito's, told apart with any colour vision; markers, line styles and hatching repeat them.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#666666"
RUN_COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
RUN_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
RUN_LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
GRID: dict[str, Any] = {"color": "#DDDDDD", "linewidth": 0.6}


def run_style(index: int) -> dict[str, Any]:
    """Return colour and marker of the run at a place; no two of the first 56 look alike."""
    return {"color": RUN_COLOURS[index % len(RUN_COLOURS)], "marker": RUN_MARKERS[index % len(RUN_MARKERS)]}


def new_figure(width: float, height: float, title: str, *, by_hand: bool = False) -> Figure:
    """Return an empty figure with a title, sizes in inches; its background is white whatever the user's style.

    Plots find their places by themselves, unless they are to be placed by hand.
    """
    layout = None if by_hand else ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=12)
    return figure


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG bytes without a date or version, so that equal scores give equal files."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()
