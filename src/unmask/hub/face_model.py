"""The YuNet face model: named by the user, found in the Hub's cache, or fetched with its digest checked."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from pathlib import Path

from unmask.errors import UnmaskError
from unmask.hub.client import hub_endpoint, is_offline
from unmask.media.faces import HaarFinder

REPOSITORY = "opencv/face_detection_yunet"
FILE = "face_detection_yunet_2023mar.onnx"
DIGEST = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
PATIENCE = 2.0
"""Seconds that one attempt to fetch the model may cost the user."""
PAUSE = 24 * 60 * 60.0
"""Seconds after a failed attempt until the next."""

log = logging.getLogger("unmask")
_failed_here = False  # a failed attempt is remembered in this process too, where the stamp cannot be written


def fetch_face_model() -> Path | None:
    """Return the path of the YuNet model, or None where it cannot be had (then Haar cascades find the faces).

    Looked for in this order: the file that `UNMASK_FACE_MODEL` names, taken as it is (`haar` is no file: it asks for
    the cascades); the Hub's cache; the Hub itself (`opencv/face_detection_yunet`). A file of the Hub is used only
    if its sha256 is the known one.
    With no network the attempt costs 2 seconds at most, and is repeated a day later at the earliest; with
    `HF_HUB_OFFLINE=1` none is made.

    Raises:
        UnmaskError: `UNMASK_FACE_MODEL` names no file.
    """
    named = os.environ.get("UNMASK_FACE_MODEL")
    if named == HaarFinder.name:
        return None
    if named:
        return _named_model(os.path.expanduser(named))  # noqa: PTH111  pathlib's raises for a home that is none
    cached = _cached_model()
    if cached is not None or is_offline() or _failed_lately():
        return cached
    return _fetch_within(PATIENCE)


def _named_model(named: str) -> Path:
    path = Path(named)
    if not os.path.isfile(path):  # noqa: PTH113  pathlib's raises where a folder may not be entered
        raise UnmaskError(f"UNMASK_FACE_MODEL names {path}, which is no file. Correct it, or unset it.")
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except OSError as error:
        raise UnmaskError(
            f"UNMASK_FACE_MODEL names {path}, which cannot be read: {error.strerror}. Correct it, or unset it."
        ) from None
    if not start or start.startswith(b"version https://git-lfs"):
        raise UnmaskError(f"UNMASK_FACE_MODEL names {path}, which holds no model. Fetch the file again.")
    return path


def _cached_model() -> Path | None:
    """Return the model from the Hub's cache, whichever commit brought it: its digest says if it is right."""
    from huggingface_hub import constants

    snapshots = Path(constants.HF_HUB_CACHE) / f"models--{REPOSITORY.replace('/', '--')}" / "snapshots"
    for path in sorted(snapshots.glob(f"*/{FILE}")):
        if _is_known(path):
            return path
    return None


def _is_known(path: Path) -> bool:
    """Return whether the file is the model; say so in a line where it is not, for it is never used then."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return False
    if digest != DIGEST:
        log.warning("The face model %s is not the known one (sha256 %s…): not used. Delete it.", path, digest[:8])
    return digest == DIGEST


def _fetch_within(seconds: float) -> Path | None:
    """Try to fetch the model for so long; a failure is said in one line and remembered for a day."""
    global _failed_here
    found: list[Path] = []
    attempt = threading.Thread(target=_fetch, args=(found,), daemon=True, name="fetch-face-model")
    attempt.start()
    attempt.join(seconds)
    if found:
        return found[0]
    _failed_here = True
    _write_stamp()
    log.warning(
        "The YuNet face model cannot be fetched from %s: OpenCV's Haar cascade is used, which misses more "
        "faces. `hf download %s %s` fetches it; the next attempt is in a day.",
        hub_endpoint(),
        REPOSITORY,
        FILE,
    )
    return None


def _fetch(found: list[Path]) -> None:
    """Download the model into the Hub's cache and append its path; append nothing where that fails."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import HTTPError

    endpoint = hub_endpoint()
    try:
        # One plain question first: without a network `hf_hub_download` would retry for half a minute, aloud.
        get_hf_file_metadata(hf_hub_url(REPOSITORY, FILE, endpoint=endpoint), timeout=PATIENCE)
        path = Path(hf_hub_download(REPOSITORY, FILE, endpoint=endpoint, etag_timeout=PATIENCE))
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        log.debug("The face model was not fetched: %s", error)
        return
    if _is_known(path):
        found.append(path)


def _stamp() -> Path:
    """Return the file whose age tells when the last attempt failed."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "unmask" / "face-model-not-fetched"


def _failed_lately() -> bool:
    if _failed_here:
        return True
    try:
        return 0 <= time.time() - _stamp().stat().st_mtime < PAUSE
    except OSError:
        return False


def _write_stamp() -> None:
    try:
        _stamp().parent.mkdir(parents=True, exist_ok=True)
        _stamp().touch()
    except OSError as error:  # a read-only home: this process remembers, the next one tries again
        log.debug("Could not note the failed attempt: %s", error)
