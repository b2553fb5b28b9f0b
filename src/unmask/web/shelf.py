"""The detectors that the page can judge with: its own, and those that visitors choose."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from unmask.detector import Detector
from unmask.errors import DetectorNotFound, UnmaskError
from unmask.hub.loading import load_detector, load_public_detector

MOST_KEPT = 2
"""Chosen detectors kept in memory beside the page's own; the one unused for longest is loaded again if need be."""
MOST_FETCHED = 20
"""Different detectors that strangers may have this server fetch: each takes its place on the disk."""


@dataclass(frozen=True)
class Choice:
    """A detector that a visitor chose: a folder or Hub id, its revision, and whether the Hub alone may be asked."""

    source: str
    revision: str | None = None
    public: bool = True


class Shelf:
    """Detectors by choice, loaded once and kept while they are used.

    A visitor's choice is theirs alone: it is kept with their session, and nobody else's verdicts change.
    """

    def __init__(self, own: Detector) -> None:
        self.own = own
        self._kept: OrderedDict[Choice, Detector] = OrderedDict()
        self._fetched: set[Choice] = set()
        self._lock = threading.Lock()

    def get(self, choice: Choice | None) -> Detector:
        """Return the detector of a choice, loaded where it is not at hand; None is the page's own.

        Raises:
            UnmaskError: It cannot be had; in one line.
        """
        if choice is None:
            return self.own
        with self._lock:
            if choice not in self._kept:
                self._kept[choice] = self._load(choice)
            self._kept.move_to_end(choice)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[choice]

    def _load(self, choice: Choice) -> Detector:
        if not choice.public:
            return load_detector(choice.source, choice.revision)
        if len(self._fetched | {choice}) > MOST_FETCHED:
            raise UnmaskError(
                f"This server has fetched {MOST_FETCHED} detectors, which is all it takes. Use one that was loaded "
                "before, or run Unmask yourself."
            )
        detector = load_public_detector(choice.source, choice.revision)
        self._fetched.add(choice)
        return detector


def choose(source: str, revision: str, *, local: bool) -> Choice | None:
    """Return the choice that a visitor typed; None for an empty one, which is the page's own detector.

    Args:
        source: A Hub id `user/name`, or a folder where `local` allows it.
        revision: A tag, branch or commit of the Hub's, or nothing.
        local: Whether the visitor sits at the machine that serves the page. For others folders are closed: they
            would learn which exist, and a folder of a Hub id's name would be read in place of it.

    Raises:
        DetectorNotFound: The folder may not be named from elsewhere.
    """
    source, revision = source.strip(), revision.strip()
    if not source:
        return None
    if not local and (source.startswith((".", "/", "~", "\\")) or source.count("/") != 1):
        raise DetectorNotFound(
            "Only detectors on the Hub can be loaded here. Give one as user/name; for a folder, run Unmask yourself."
        )
    return Choice(source, revision or None, public=not local)
