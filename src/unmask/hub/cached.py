"""The detectors that are on this machine already: the shipped one, and those in the Hub's cache."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.detector_folder import CONFIG, ONNX
from unmask.errors import DetectorNotFound
from unmask.hub.loading import is_ours, shipped_detector

if TYPE_CHECKING:
    from huggingface_hub import CachedRevisionInfo


@dataclass(frozen=True)
class LocalDetector:
    """A detector on this machine.

    Attributes:
        name: What `load_detector` takes: `user/name`; of the shipped one, what predictions call it.
        revision: The commit, None for the shipped one.
        refs: The branches and tags that led to this commit.
        bytes: Its size on disk.
        last_used: When its network was last read, as far as the file system keeps account; None where unknown.
        folder: Where it lies.
    """

    name: str
    revision: str | None
    refs: tuple[str, ...]
    bytes: int
    last_used: datetime | None
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return the detector as JSON takes it."""
        used = self.last_used.isoformat(timespec="seconds") if self.last_used else None
        return {**asdict(self), "refs": list(self.refs), "last_used": used, "folder": str(self.folder)}


def find_detectors() -> list[LocalDetector]:
    """Return the shipped detector, then those of the Hub's cache by name, the newest version first.

    Only snapshots that `load_detector` would take are listed: with our `config.json` and the network. Nothing
    is fetched and no network is loaded.
    """
    from huggingface_hub import constants, scan_cache_dir

    found = _find_shipped()
    if not Path(constants.HF_HUB_CACHE).is_dir():
        return found
    repositories = [each for each in scan_cache_dir(constants.HF_HUB_CACHE).repos if each.repo_type == "model"]
    for repository in sorted(repositories, key=lambda each: each.repo_id):
        newest_first = sorted(repository.revisions, key=lambda each: each.last_modified, reverse=True)
        found += [_describe(repository.repo_id, each) for each in newest_first if _is_detector(each.snapshot_path)]
    return found


def _find_shipped() -> list[LocalDetector]:
    try:
        folder, name = shipped_detector()
    except DetectorNotFound:
        return []
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return [LocalDetector(name, None, (), size, None, folder)]  # naming it reads it: no time would tell a use


def _is_detector(snapshot: Path) -> bool:
    return (snapshot / ONNX).is_file() and (snapshot / CONFIG).is_file() and is_ours(snapshot / CONFIG)


def _describe(repo_id: str, version: CachedRevisionInfo) -> LocalDetector:
    used = next(file.blob_last_accessed for file in version.files if file.file_name == ONNX)
    when = datetime.fromtimestamp(used, timezone.utc)
    refs = tuple(sorted(version.refs))
    return LocalDetector(repo_id, version.commit_hash, refs, version.size_on_disk, when, version.snapshot_path)
