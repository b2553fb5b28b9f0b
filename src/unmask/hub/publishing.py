"""Publish a detector folder on the Hub: one commit with everything, then the tag."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.card import read_report, render_card
from unmask.detector_folder import CARD, CONFIG, ONNX, REPORT, SUITE_FIGURES, TRAIN_CONFIG, WEIGHTS, check_folder
from unmask.errors import BrokenDetector, HubError, UnmaskError
from unmask.files import file_digest
from unmask.hub.client import HUB_ID, HUB_TIMEOUT, hub_api, hub_errors, status_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PUBLISHED_FILES = (CONFIG, WEIGHTS, ONNX, REPORT, TRAIN_CONFIG, "LICENSE")
TAG = re.compile(r"[A-Za-z0-9][\w.-]*")
WHOLE = " Nothing is half-published: a commit arrives whole or not at all."


def push_detector(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    tag: str | None = None,
    space: str | None = None,
    token: str | None = None,
) -> str:
    """Publish a detector folder as a model repository and return its address.

    Everything goes up in one commit, so a reader sees the old detector or the new one and never a mixture;
    the tag follows. Whatever can be refused (a broken folder, a card the Hub would not take, a missing
    token, a tag that is taken) is refused before anything is sent. The folder itself is not changed.

    Args:
        folder: A scored detector folder (with `report.json`).
        repo_id: `user/name`; created where it does not exist.
        private: Make a private repository; an existing public one is refused.
        tag: A name for this version, such as `v1`.
        space: The Space that shows this detector (`user/name`), for the card to link.
        token: A token with write access; None for that of the user (`HF_TOKEN` or `hf auth login`).

    Raises:
        BrokenDetector: The folder is not whole, or was never scored.
        HubError: The Hub refused or could not be reached.
    """
    from huggingface_hub import CommitOperationAdd

    folder = Path(folder)
    card = prepare_card(folder, repo_id, tag, space)
    files = detector_files(folder)
    api = hub_api(find_token(token))
    open_repository(api, repo_id, private, tag)
    operations = [CommitOperationAdd(path.name, path) for path in files]
    operations.append(CommitOperationAdd(CARD, card.encode()))
    title = f"Publish {tag or 'the detector'}"
    with hub_errors(f"publish {folder} as {repo_id}", repo_id, WHOLE):
        commit = api.create_commit(repo_id, operations, commit_message=title)
    if tag is not None:
        doing = f"tag {repo_id} with {tag}, though its files are published"
        with hub_errors(doing, repo_id, " The same command again adds the tag."):
            api.create_tag(repo_id, tag=tag, revision=commit.oid)
    return f"{api.endpoint}/{repo_id}"


def prepare_card(folder: Path, repo_id: str, tag: str | None = None, space: str | None = None) -> str:
    """Return the card that will be published, once the folder is whole and the card's metadata valid.

    Raises:
        BrokenDetector: The folder is not whole, was never scored, or its card would not be valid.
        UnmaskError: `repo_id` is not `user/name`, or the tag is not a word.
    """
    from huggingface_hub import ModelCard

    check_hub_id(repo_id)
    if space is not None:
        check_hub_id(space)
    if tag is not None and not TAG.fullmatch(tag):
        raise UnmaskError(f"{tag} is no name for a tag. Use letters, digits, dots and dashes, such as v1.")
    check_folder(folder)
    _check_report(folder)
    card = render_card(folder, repo_id, tag, space)
    try:
        ModelCard(card).data.to_dict()
    except ValueError as error:
        raise BrokenDetector(f"The card of {folder} is not valid ({error}). Mend {CONFIG}.") from error
    return card


def check_hub_id(repo_id: str) -> None:
    """Raise UnmaskError unless this may be the name of a repository: `user/name`."""
    if not HUB_ID.fullmatch(repo_id):
        raise UnmaskError(f"{repo_id} is no name for a repository on the Hub. Give it as user/name.")


def _check_report(folder: Path) -> None:
    """Raise BrokenDetector unless the report is there and is that of exactly these weights."""
    scored = read_report(folder).get("weights", {})
    for name in (WEIGHTS, ONNX):
        if not (folder / name).is_file():
            raise BrokenDetector(f"{folder} lacks {name}, which others load. Export the detector again.")
        if scored.get(name) != file_digest(folder / name):
            raise BrokenDetector(f"{folder} has no {REPORT} of these weights. Score it with train/score.py.")


def detector_files(folder: Path) -> list[Path]:
    """Return the files of the folder that are published beside the card: known names and nothing else."""
    figures = SUITE_FIGURES if "suite" in read_report(folder) else ()
    return [folder / name for name in (*PUBLISHED_FILES, *figures) if (folder / name).is_file()]


def find_token(token: str | None) -> str:
    """Return the token that was given, else the user's own; raises HubError where there is none."""
    from huggingface_hub import get_token

    found = token or get_token()
    if not found:
        raise HubError("There is no Hugging Face token. Run `hf auth login`, or set HF_TOKEN to one that may write.")
    return found


def open_repository(api: HfApi, repo_id: str, private: bool, tag: str | None = None, kind: str = "model") -> None:
    """Create the repository, or make sure that what is there can take this version.

    Args:
        api: A client with a token.
        repo_id: `user/name`.
        private: Make a private one; an existing public one is refused.
        tag: The tag that will follow; refused where it is taken.
        kind: `model`, or `space` for a Space that runs Gradio.

    Raises:
        HubError: The Hub refused, or what is there does not fit.
    """
    with hub_errors(f"look up {repo_id}", repo_id):
        info = _repository_info(api, repo_id, kind)
        tags = [] if info is None or tag is None else [ref.name for ref in api.list_repo_refs(repo_id).tags]
    if info is None:
        with hub_errors(f"create {repo_id}", repo_id):
            # Not private is None, for an organisation may make its repositories private by itself.
            sdk = "gradio" if kind == "space" else None
            api.create_repo(repo_id, repo_type=kind, space_sdk=sdk, private=private or None, exist_ok=True)
    elif private and not info.private:
        raise HubError(f"{repo_id} exists and is public. Make it private in its settings first.")
    if tag in tags:
        raise HubError(f"{repo_id} has a tag {tag} already. Nothing was sent; choose another.")


def _repository_info(api: HfApi, repo_id: str, kind: str) -> Any:
    """Return what the Hub says of a repository, None where the token sees none of that name."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return api.repo_info(repo_id, repo_type=kind, timeout=HUB_TIMEOUT)
    except HfHubHTTPError as error:
        if status_of(error) not in (401, 404):
            raise
        return None  # a token that is refused altogether is refused again, and reported, at the next request
