"""Digital source types: IPTC's vocabulary for how a picture came to be, in C2PA and in XMP alike.

The vocabulary is https://cv.iptc.org/newscodes/digitalsourcetype/; C2PA adds two terms of its own.
"""

from __future__ import annotations

_BY_AI = {
    "trainedAlgorithmicMedia": "was made by a generative model",
    "trainedAlgorithmicData": "was made by a trained model",
    "compositeWithTrainedAlgorithmicMedia": "was edited with a generative model or has parts made by one",
    "compositeSynthetic": "is put together from parts of which at least one is synthetic",
}
_OTHERWISE = {
    "algorithmicMedia": "was made by an algorithm that learned from no data",
    "algorithmicallyEnhanced": "was enhanced by an algorithm",
    "computationalCapture": "was taken with a camera and computed from what it saw",
    "compositeCapture": "is put together from several captured pictures",
    "digitalCapture": "was taken with a digital camera",
    "digitalCreation": "was drawn by a person with a computer",
    "empty": "was begun from nothing",
    "humanEdits": "was edited by a person",
    "negativeFilm": "was scanned from film",
    "positiveFilm": "was scanned from film",
    "print": "was scanned from a print",
    "screenCapture": "was captured from a screen",
    "virtualRecording": "is a recording of a virtual event",
}
_MEANINGS = {name.lower(): text for name, text in (_BY_AI | _OTHERWISE).items()}


def name_source_type(value: str) -> str:
    """Return the term itself, such as `trainedAlgorithmicMedia`, of an address or a term."""
    return value.strip().rstrip("/").replace(":", "/").rsplit("/", 1)[-1]


def is_by_ai(name: str) -> bool:
    """Say whether a term declares that a trained model made the picture or a part of it."""
    return name.lower() in {known.lower() for known in _BY_AI}


def describe_source_type(name: str) -> str:
    """Return what a term says of "it", as the end of a sentence."""
    return _MEANINGS.get(name.lower(), f"is of the source type {name}")
