"""Data sets on Kaggle: `kaggle:user/name` through kagglehub, which fetches and unpacks into its own cache."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from unmask.data.names import KAGGLE
from unmask.errors import HubError

KAGGLE_NAME = re.compile(r"[A-Za-z0-9][\w-]*/[A-Za-z0-9][\w-]*(?:/versions/\d+)?", re.ASCII)


def fetch_from_kaggle(name: str) -> Path:
    """Return the folder of `kaggle:user/name` or `kaggle:user/name/versions/3`, fetched where it is not here.

    Without a network the newest version in kagglehub's cache is taken.

    Raises:
        HubError: kagglehub is missing, Kaggle refused or is out of reach, or the disk is full.
    """
    handle = name.removeprefix(KAGGLE)
    if not KAGGLE_NAME.fullmatch(handle):
        raise HubError(f"{name} names no data set on Kaggle. Write kaggle:user/name or kaggle:user/name/versions/3.")
    try:
        import kagglehub
    except ImportError:
        raise HubError(f"{name} needs kagglehub. Run: pip install kagglehub") from None
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # requests', its own and ValueError: they share no base
        if _is_unreachable(error) and (folder := _newest_cached(handle)):
            return folder
        raise HubError(f"Could not fetch {name}: {_explain(error, handle)}") from error


def _explain(error: Exception, handle: str) -> str:
    """Return in one line why kagglehub failed and how to mend it."""
    status = _status(error)
    page = f"kaggle.com/datasets/{handle.split('/versions/')[0]}"
    if status == 401:
        return "Kaggle did not accept the token (401). Make a new one in Kaggle's settings and set KAGGLE_API_TOKEN."
    if status in (403, 404):
        return (
            f"there is no such data set, or it needs your log-in ({status}). Check the name on {page}; "
            "else accept its terms there and set KAGGLE_API_TOKEN, or put kaggle.json into ~/.kaggle."
        )
    if status == 429 or (status is not None and status >= 500):
        return f"Kaggle cannot answer now ({status}). Try again in a few minutes."
    if _is_unreachable(error):
        return "Kaggle cannot be reached, and there is no copy in its cache. Check the network and try again."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}. KAGGLEHUB_CACHE names another folder to fetch into."
    return " ".join(str(error).split())[:200].rstrip(".") + "."


def _status(error: Exception) -> int | None:
    """Return the HTTP status behind an error, None where no answer came."""
    answer: Any = getattr(error, "response", None)
    return None if answer is None else int(answer.status_code)


def _is_unreachable(error: Exception) -> bool:
    """Say whether Kaggle gave no usable answer: no connection, a time-out, overload, its own fault."""
    import requests

    status = _status(error)
    silent = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, silent) if status is None else status == 429 or status >= 500


def _newest_cached(handle: str) -> Path | None:
    """Return the newest whole version in kagglehub's cache, which marks it by `<version>.complete`."""
    cache = Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub")
    folder = cache / "datasets" / handle
    markers = sorted(folder.glob("*.complete"), key=lambda path: int(path.stem) if path.stem.isdigit() else -1)
    whole = [folder / "versions" / path.stem for path in markers if (folder / "versions" / path.stem).is_dir()]
    return whole[-1] if whole else None
