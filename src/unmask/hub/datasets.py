"""Data sets by name: `hub:user/name` and `kaggle:user/name` become a folder on disk, fetched once."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from unmask.data.embedded_pictures import NOTE, Shard, find_shard, unpack_pictures
from unmask.data.folders import bare_split_of
from unmask.data.labels import split_of
from unmask.data.layouts import find_data_set
from unmask.data.names import HUB, KAGGLE
from unmask.errors import DataError, HubError, UnknownLayout
from unmask.files import write_json
from unmask.hub.client import HUB_TIMEOUT, explain, hub_api, hub_endpoint, hub_errors, is_offline, is_unreachable
from unmask.hub.kaggle import fetch_from_kaggle
from unmask.media.images import IMAGE_SUFFIXES
from unmask.media.video_bytes import VIDEO_SUFFIXES

HUB_NAME = re.compile(
    r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:/(?P<folder>[\w.-]+(?:/[\w.-]+)*))?(?:@(?P<revision>[\w./-]+))?",
    re.ASCII,
)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")
_KINDS = sorted(IMAGE_SUFFIXES | VIDEO_SUFFIXES | {".parquet", ".csv", ".json", ".txt"})
FETCHED = [f"*{kind}" for kind in _KINDS] + [f"*{kind.upper()}" for kind in _KINDS]
"""What is fetched of a repository: pictures, clips and tables. Scripts and pickles stay where they are."""


@dataclass(frozen=True)
class HubName:
    """A data set on the Hub: its repository, a folder in it ("" for all of it), and the version."""

    repo: str
    folder: str
    revision: str

    def __str__(self) -> str:
        version = f"@{self.revision}" if self.revision != "main" else ""
        return f"{HUB}{self.repo}{'/' * bool(self.folder)}{self.folder}{version}"


def fetch_data_set(name: str | Path) -> Path:
    """Return the local folder of a data set: a path as it is, a named one fetched into the cache.

    `hub:user/name` is a data set on the Hugging Face Hub, with a folder of it (`hub:user/name/folder`) and a
    version (`hub:user/name@v1`) where wanted; `kaggle:user/name` is one on Kaggle. What was fetched once is
    used again, without a network too. Pictures inside Parquet files are unpacked byte for byte; how their
    labels were read is printed. No code of a data set is run and nothing of it is unpickled.

    Raises:
        HubError: The data set cannot be fetched and is not in the cache.
        DataError: It is fetched but of no known layout, or its labels do not say real and fake.

    Example:
        >>> fetch_data_set("data/faces").as_posix()
        'data/faces'
        >>> fetch_data_set("hub:user/name")    # doctest: +SKIP
        PosixPath('~/.cache/huggingface/hub/datasets--user--name/snapshots/…')
    """
    name = str(name)
    if name.startswith(KAGGLE):
        return fetch_from_kaggle(name)
    return _fetch_from_hub(parse_hub_name(name)) if name.startswith(HUB) else Path(name)


def parse_hub_name(name: str) -> HubName:
    """Return the parts of `hub:user/name[/folder][@version]`; raises HubError for anything else."""
    match = HUB_NAME.fullmatch(name.removeprefix(HUB))
    if not match or ".." in name:
        raise HubError(f"{name} names no data set on the Hub. Write hub:user/name, hub:user/name/folder or …@version.")
    return HubName(match["repo"], match["folder"] or "", match["revision"] or "main")


def _fetch_from_hub(name: HubName) -> Path:
    """Return the folder of a data set on the Hub, from the cache where it is the newest or the Hub is away."""
    cached = _cached(name)
    commit, reason = _resolve(name)
    if cached and commit in (None, cached["commit"]):
        folder = Path(cached["folder"])
    elif commit is None:
        raise HubError(f"Could not fetch {name}, and there is no copy of it here: {reason}")
    else:
        folder = _download(name, commit)
        write_json(_record(name), {"commit": commit, "folder": str(folder)})
    note = folder / NOTE
    print(f"{name}: {note.read_text(encoding='utf-8') if note.is_file() else f'labels by {find_data_set(folder)[1]}'}")
    return folder


def _resolve(name: HubName) -> tuple[str | None, str]:
    """Return the commit of a version, or None and the reason where the Hub is out of reach."""
    from huggingface_hub.errors import HTTPError

    if is_offline():
        return None, "HF_HUB_OFFLINE is set. Unset it to fetch the data set."
    shown = f"datasets/{name.repo}"
    try:
        info = hub_api().dataset_info(name.repo, revision=name.revision, timeout=HUB_TIMEOUT)
    except (HTTPError, OSError, ValueError) as error:
        if is_unreachable(error):
            return None, explain(error, shown)
        raise HubError(f"Could not fetch {name}: {explain(error, shown)}") from error
    return str(info.sha), ""


def _download(name: HubName, commit: str) -> Path:
    """Fetch one commit and return the folder that a layout can read."""
    from huggingface_hub import snapshot_download

    patterns = [f"{name.folder}/{pattern}" for pattern in FETCHED] if name.folder else FETCHED
    with hub_errors(f"fetch {name}", f"datasets/{name.repo}", " The same command goes on from there."):
        snapshot = snapshot_download(
            name.repo, repo_type="dataset", revision=commit, allow_patterns=patterns, endpoint=hub_endpoint()
        )
    folder = Path(snapshot) / name.folder
    if not folder.is_dir():
        raise DataError(f"{name} holds no pictures, clips or tables.{_archives(name, commit)}")
    try:
        return find_data_set(folder)[0]
    except UnknownLayout as error:
        shards = _find_shards(folder, name)
        if not shards:
            raise DataError(f"{name} is fetched, but: {error}{_archives(name, commit)}") from error
    unpacked = _record(name).with_name(commit + f"-{quote(name.folder, safe='')}" * bool(name.folder))
    if not unpacked.is_dir():
        try:
            unpack_pictures(shards, unpacked)
        except DataError as error:
            raise DataError(f"{name} cannot be used: {error}") from error
    return unpacked


def _find_shards(folder: Path, name: HubName) -> list[Shard]:
    """Return the Parquet files of pictures, which must be those of one data set."""
    paths = sorted(path for path in folder.rglob("*.parquet") if path.is_file())
    shards = [shard for path in paths if (shard := find_shard(path, _split_of_file(path, folder)))]
    parts = sorted({_place(shard.path, folder) for shard in shards})
    if len(parts) > 1:
        raise DataError(f"{name} holds several data sets: {', '.join(parts)}. Name one, such as {name}/{parts[0]}.")
    return shards


def _split_of_file(path: Path, folder: Path) -> str | None:
    """Return the split that a file's name (`train-00000-of-00002`) or folder says."""
    inside = [part for part in path.relative_to(folder).parts[:-1] if bare_split_of(Path(part))]
    return split_of(re.split(r"[-.]", path.stem)[0]) or (split_of(inside[-1]) if inside else None)


def _place(path: Path, folder: Path) -> str:
    """Return the folder that a file's data set lies in; that of a split is no data set of its own."""
    parts = [part for part in path.relative_to(folder).parts[:-1] if not bare_split_of(Path(part))]
    return "/".join(parts) or "."


def _archives(name: HubName, commit: str) -> str:
    """Return a hint where a repository keeps its pictures in archives, which are not unpacked."""
    with hub_errors(f"list {name}", f"datasets/{name.repo}"):
        files = hub_api().list_repo_files(name.repo, repo_type="dataset", revision=commit)
    packed = [file for file in files if file.lower().endswith(ARCHIVES)]
    if not packed:
        return ""
    return f" It has archives ({', '.join(packed[:3])}): fetch them with `hf download`, unpack them, name the folder."


def _record(name: HubName) -> Path:
    """Return the file that says which commit of a data set lies where."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    version = "--".join(quote(part, safe="") for part in (name.revision, name.folder) if part)
    folder = Path(cache).expanduser() / "unmask" / "data-sets" / f"hub--{name.repo.replace('/', '--')}"
    return folder / f"{version}.json"


def _cached(name: HubName) -> dict[str, Any] | None:
    """Return commit and folder of the copy here, None where there is none or its folder is gone."""
    try:
        record = json.loads(_record(name).read_text(encoding="utf-8"))
        return record if Path(record["folder"]).is_dir() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
