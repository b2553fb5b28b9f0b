"""The Hugging Face Hub: load a detector from it, fetch the face model, publish a detector and the page.

Only this package talks to the Hub's client, and imports it inside the functions that need it, so that a
detector on disk costs nothing of it. Every failure is one line that says what to do next.
"""

from unmask.hub.cached import find_detectors
from unmask.hub.face_model import fetch_face_model
from unmask.hub.loading import fetch_detector_folder, load_detector
from unmask.hub.publishing import push_detector
from unmask.hub.space import push_space

__all__ = [
    "fetch_detector_folder",
    "fetch_face_model",
    "find_detectors",
    "load_detector",
    "push_detector",
    "push_space",
]
