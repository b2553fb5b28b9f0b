"""Load a detector by name: the shipped one, a folder on disk, or a repository on the Hub."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

from unmask.detector import Detector
from unmask.detector_folder import CONFIG, FILES, ONNX, read_json
from unmask.errors import BrokenDetector, DetectorError, DetectorNotFound, UnmaskError
from unmask.files import file_digest
from unmask.hub.client import (
    HUB_ID,
    HUB_TIMEOUT,
    explain,
    hub_api,
    hub_endpoint,
    hub_errors,
    is_offline,
    is_unreachable,
)
from unmask.hub.face_model import fetch_face_model
from unmask.media.faces import make_face_finder

SHIPPED = Path(__file__).resolve().parents[1] / "default"
FETCHED_FILES = (*FILES, "LICENSE")
"""What is fetched from a repository, by name and nothing else: whatever pickle lies there stays there."""
MOST_PUBLIC_BYTES = 512 * 2**20
"""What a stranger may have a server fetch and load at once."""
COMMIT = re.compile(r"[0-9a-f]{40}")


def load_detector(path_or_hub_id: str | Path | None = None, revision: str | None = None) -> Detector:
    """Load a detector: the shipped one, one from a folder, or one from the Hub.

    An existing folder wins over a repository of the same name. A repository is fetched once and then taken
    from the Hub's cache, also when there is no network.

    Args:
        path_or_hub_id: A detector folder, or `user/name` on the Hub; None for the shipped detector.
        revision: The tag, branch or commit of the repository; give one to always get the same weights.

    Raises:
        DetectorNotFound: There is nothing there, or it cannot be fetched and is not in the cache.
        BrokenDetector: A file is missing, truncated or contradicts the others.
        HubError: The Hub refused.
        UnmaskError: A revision was given for something that is not on the Hub.

    Example:
        >>> load_detector().predict_image("photo.jpg").verdict      # doctest: +SKIP
        'real'
        >>> load_detector("user/name", revision="v1")               # doctest: +SKIP
    """
    return _load(*_locate(path_or_hub_id, revision))


def loading_options(detector: Detector) -> list[str]:
    """Return the options of `unmask predict` that load this very detector: none for the shipped one.

    One of the Hub is named by its full commit, so that the same weights come even if a tag moves.
    """
    if detector.folder == SHIPPED:
        return []
    commit = detector.folder.name
    if COMMIT.fullmatch(commit) and detector.name.endswith(f"@{commit[:7]}"):
        return ["--detector", detector.name.rpartition("@")[0], "--revision", commit]
    return ["--detector", str(detector.folder)]


def load_public_detector(repo_id: str, revision: str | None = None) -> Detector:
    """Load a detector that a stranger named: from the Hub alone, without our token, and not a huge one.

    A folder of that name on this machine is not looked at, and what only our token may see stays hidden.

    Args:
        repo_id: `user/name` on the Hub.
        revision: The tag, branch or commit of the repository.

    Raises:
        DetectorNotFound: There is no such public repository, or it cannot be had now.
        BrokenDetector: A file is missing, truncated, contradicts the others, or is too large.
        HubError: The Hub refused.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError, RepositoryNotFoundError

    if not HUB_ID.fullmatch(repo_id):
        raise DetectorNotFound(f"There is no detector {repo_id[:100]!r} on the Hub. Give its id as user/name.")
    if is_offline():
        raise DetectorNotFound(f"{repo_id} cannot be had: this server is offline (HF_HUB_OFFLINE).")
    try:
        info = hub_api(token=False).model_info(
            repo_id, revision=revision or "main", timeout=HUB_TIMEOUT, files_metadata=True
        )
    except RepositoryNotFoundError as error:
        raise DetectorNotFound(f"There is no public repository {repo_id} on the Hub. Check the name.") from error
    except (HTTPError, OSError, ValueError) as error:
        raise DetectorNotFound(f"{repo_id} cannot be had from the Hub: {explain(error, repo_id)}") from error
    size = sum(file.size or 0 for file in info.siblings or () if file.rfilename in FETCHED_FILES)
    if size > MOST_PUBLIC_BYTES:
        raise BrokenDetector(f"{repo_id} is larger than {MOST_PUBLIC_BYTES // 2**20} MiB. Run Unmask yourself for it.")
    with hub_errors(f"fetch {repo_id}", repo_id):
        folder = Path(
            snapshot_download(
                repo_id, revision=info.sha, allow_patterns=list(FETCHED_FILES), endpoint=hub_endpoint(), token=False
            )
        )
    return _load(folder, f"{repo_id}@{folder.name[:7]}")


def _load(folder: Path, name: str | None) -> Detector:
    try:
        detector = Detector(folder, name=name)
    except DetectorError as error:
        if name is None:
            raise
        raise type(error)(f"{name} is not a whole detector: {error}") from error
    if (model := fetch_face_model()) is not None:
        detector.face_finder = make_face_finder(model)
    return detector


def fetch_detector_folder(source: str) -> Path | None:
    """Return the folder of a detector to train on from; None where the name is of no detector of ours.

    Args:
        source: A folder on disk, or `user/name` on the Hub, which is fetched as `load_detector` does.

    Raises:
        DetectorNotFound, HubError: The repository is a detector and its files cannot be fetched.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder if is_ours(folder / CONFIG) else None
    return _fetch_ours(source) if HUB_ID.fullmatch(source) else None


@functools.cache  # a run asks several times, and wants one answer
def _fetch_ours(repo_id: str) -> Path | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HTTPError

    try:
        config = hf_hub_download(repo_id, CONFIG, endpoint=hub_endpoint())
    except (HTTPError, OSError, ValueError):  # timm, which reads other repositories, says what is wrong
        return None
    return _fetch_snapshot(repo_id, "main") if is_ours(Path(config)) else None


def is_ours(config: Path) -> bool:
    """Return whether a config.json is of a detector of ours."""
    try:
        return "unmask" in read_json(config)
    except DetectorError:
        return False


def _locate(source: str | Path | None, revision: str | None) -> tuple[Path, str | None]:
    """Return the folder behind a name, and what to call the detector (None: by its own name)."""
    # Those of os.path say no to a home or a name that cannot be, and to a closed folder; pathlib's raise.
    folder = Path(os.path.expanduser(source or ""))  # noqa: PTH111
    if source is None or os.path.exists(folder):  # noqa: PTH110
        if revision is not None:
            what = "the shipped detector" if source is None else f"{source}, a folder on disk,"
            raise UnmaskError(f"A revision is for detectors on the Hub; {what} has none. Leave it out.")
        return shipped_detector() if source is None else (_on_disk(folder), None)
    if isinstance(source, str) and HUB_ID.fullmatch(source):
        snapshot = _fetch_snapshot(source, revision or "main")
        return snapshot, f"{source}@{snapshot.name[:7]}"  # the client names a snapshot after its commit
    raise DetectorNotFound(
        f"There is no detector at {source}: no such folder. Give one that training wrote, or user/name."
    )


def shipped_detector() -> tuple[Path, str]:
    """Return folder and name of the detector that comes with this copy; raises DetectorNotFound."""
    if not (SHIPPED / ONNX).is_file():
        raise DetectorNotFound(
            f"There is no detector at {SHIPPED}: this copy of Unmask ships none. Name one, or train one."
        )
    return SHIPPED, f"unmask-default@{file_digest(SHIPPED / ONNX)[:8]}"


def _on_disk(folder: Path) -> Path:
    if not folder.is_dir():
        raise DetectorNotFound(f"There is no detector at {folder}: it is a file. Give its folder.")
    return folder


def _fetch_snapshot(repo_id: str, revision: str) -> Path:
    """Return the folder of the Hub's cache that holds one commit, fetched where it is not there yet."""
    cached = _cached_snapshot(repo_id, revision)
    if cached and COMMIT.fullmatch(revision):
        return cached
    commit, reason = _resolve(repo_id, revision)
    if commit is None and cached:
        return cached
    if commit is None:
        raise DetectorNotFound(f"There is no folder {repo_id} here, and no copy in the Hub's cache: {reason}")
    if cached and cached.name == commit:
        return cached
    from huggingface_hub import snapshot_download

    with hub_errors(f"fetch {repo_id}", repo_id):
        folder = snapshot_download(
            repo_id, revision=revision, allow_patterns=list(FETCHED_FILES), endpoint=hub_endpoint()
        )
    return Path(folder)


def _cached_snapshot(repo_id: str, revision: str) -> Path | None:
    """Return the cached snapshot of a revision if the files that every detector has are there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repo_id, revision=revision, allow_patterns=list(FETCHED_FILES), local_files_only=True
        )
    except (LocalEntryNotFoundError, OSError, ValueError):  # ValueError: a name that the client takes for none
        return None
    return Path(folder) if all((Path(folder) / name).is_file() for name in (CONFIG, ONNX)) else None


def _resolve(repo_id: str, revision: str) -> tuple[str | None, str]:
    """Return the commit of a revision, or None and the reason where the Hub is out of reach."""
    from huggingface_hub.errors import HTTPError

    if is_offline():
        return None, "HF_HUB_OFFLINE is set. Unset it to fetch the detector."
    try:
        return hub_api().model_info(repo_id, revision=revision, timeout=HUB_TIMEOUT).sha, ""
    except (HTTPError, OSError, ValueError) as error:
        if is_unreachable(error):
            return None, explain(error, repo_id)
        raise DetectorNotFound(
            f"There is no folder {repo_id} here, and it cannot be had from the Hub: {explain(error, repo_id)}"
        ) from error
