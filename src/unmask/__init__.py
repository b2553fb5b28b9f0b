"""Unmask tells real faces from forged ones, with its evidence, and says when it cannot.

Example:
    >>> import unmask
    >>> unmask.load_detector().predict_image("portrait.jpg").verdict  # doctest: +SKIP
    'real'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unmask.detector import Detector
    from unmask.errors import UnmaskError
    from unmask.hub import load_detector
    from unmask.media.provenance import Provenance, read_provenance
    from unmask.picture_report import write_picture_report
    from unmask.schema import Box, FacePrediction, ImagePrediction, PersonPrediction, VideoPrediction

__version__ = "0.1.0"

# Where each public name lives; it is imported at its first use, so that `import unmask` costs nothing.
_HOMES = {
    "Box": "unmask.schema",
    "Detector": "unmask.detector",
    "FacePrediction": "unmask.schema",
    "ImagePrediction": "unmask.schema",
    "PersonPrediction": "unmask.schema",
    "Provenance": "unmask.media.provenance",
    "UnmaskError": "unmask.errors",
    "VideoPrediction": "unmask.schema",
    "load_detector": "unmask.hub",
    "read_provenance": "unmask.media.provenance",
    "write_picture_report": "unmask.picture_report",
}
__all__ = [
    "Box",
    "Detector",
    "FacePrediction",
    "ImagePrediction",
    "PersonPrediction",
    "Provenance",
    "UnmaskError",
    "VideoPrediction",
    "__version__",
    "load_detector",
    "read_provenance",
    "write_picture_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unmask' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
