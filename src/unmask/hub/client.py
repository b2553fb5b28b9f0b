"""The door to the Hub's client: which Hub, whether it may be asked, and its errors in one line each."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from unmask.errors import HubError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
HUB_TIMEOUT = 10.0
"""Seconds until a Hub that does not answer counts as out of reach; the client itself would wait for ever."""
XET_STATUS = re.compile(r"HTTP status \w+ error \((\d{3})\b")
"""How hf_xet, which uploads large files where it is installed, words an HTTP status: it keeps no response."""
STATUS_PAGE = "https://status.huggingface.co"


def hub_endpoint() -> str:
    """Return the address of the Hub: `HF_ENDPOINT`, or huggingface.co."""
    from huggingface_hub import constants

    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def is_offline() -> bool:
    """Return whether `HF_HUB_OFFLINE` forbids every request."""
    from huggingface_hub import constants

    return constants.HF_HUB_OFFLINE


def hub_api(token: str | bool | None = None) -> HfApi:
    """Return a client for that Hub; without a token it uses the user's own (`HF_TOKEN` or the log-in), False none."""
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub_endpoint(), token=token, library_name="unmask")


@contextmanager
def hub_errors(doing: str, repo_id: str, next_step: str = "") -> Iterator[None]:
    """Turn what the client raises inside into one HubError: what failed, why, and what to do."""
    from huggingface_hub.errors import HTTPError

    try:
        yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        raise HubError(f"Could not {doing}: {explain(error, repo_id)}{next_step}") from error


def is_unreachable(error: BaseException) -> bool:
    """Return whether the Hub gave no usable answer: no connection, time-out, overload, own fault."""
    status = status_of(error)
    return status is None or status == 429 or status >= 500


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status behind an error, None where no answer came."""
    answer = _answer(error)
    if answer is not None:
        return int(answer.status_code)
    texts = (XET_STATUS.search(str(link)) for link in _chain(error))
    return next((int(found[1]) for found in texts if found), None)


def explain(error: BaseException, repo_id: str) -> str:
    """Return in one line why the Hub's client failed and how to mend it."""
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

    status = status_of(error)
    if status is None:
        return _explain_silence(error)
    if isinstance(error, GatedRepoError):
        return f"{repo_id} is gated. Ask for access on {hub_endpoint()}/{repo_id}, then run `hf auth login`."
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no such branch, tag or commit. Its versions are on {hub_endpoint()}/{repo_id}."
    if isinstance(error, RepositoryNotFoundError) or status == 404:
        return (
            f"there is no repository {repo_id} on the Hub, or your token may not see it ({status}). "
            "Check the name; for a private one run `hf auth login` or set HF_TOKEN."
        )
    return _explain_status(status, error, repo_id)


def _explain_status(status: int, error: BaseException, repo_id: str) -> str:
    if status == 401:
        return "the Hub did not accept the token (401). Run `hf auth login`, or set HF_TOKEN to a valid one."
    if status == 403:
        return f"the token may not do that (403). Use one with write access to {repo_id}."
    if status == 429:
        wait = _seconds_to_wait(error)
        return f"too many requests (429). Try again in {f'{wait} s' if wait else 'a few minutes'}."
    if status >= 500:
        return f"the Hub failed ({status}). Try again in a few minutes; {STATUS_PAGE} says if it is down."
    said = " ".join(str(getattr(error, "server_message", None) or error).split())
    return f"the Hub refused it ({status}): {said[:300].rstrip('.')}."


def _explain_silence(error: BaseException) -> str:
    """Explain an error without an HTTP answer: offline mode, no connection, a cut one, or a local fault."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled

    chain = _chain(error)
    if any(isinstance(link, OfflineModeIsEnabled) for link in chain):
        return "HF_HUB_OFFLINE is set. Unset it to reach the Hub."
    transport = next((link for link in chain if isinstance(link, HTTPError)), None)
    if transport is None:
        return " ".join(str(error).split())[:300].rstrip(".") + "."
    what = "cannot be reached" if "Connect" in type(transport).__name__ else "cut the connection"
    said = " ".join(str(transport).split())[:120]
    return f"{hub_endpoint()} {what} ({said}). Check the network and try again."


def _answer(error: BaseException) -> Any:
    """Return the HTTP response behind an error: the client wraps those of its upload threads."""
    answers = (getattr(link, "response", None) for link in _chain(error))
    return next((answer for answer in answers if answer is not None), None)


def _chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
        chain.append(cause)
    return chain


def _seconds_to_wait(error: BaseException) -> int | None:
    """Return after how many seconds the Hub says to come back (`Retry-After`, or `RateLimit: …;t=55`)."""
    headers = getattr(_answer(error), "headers", {})
    if str(headers.get("retry-after", "")).isdigit():
        return int(headers["retry-after"])
    reset = re.search(r";\s*t=(\d+)", headers.get("ratelimit", ""))
    return int(reset[1]) if reset else None
