"""Publish the page as a Space: our code, a detector pinned by its commit, and no weights (docs/adr/0011)."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.detector_folder import CONFIG, ONNX, DetectorConfig, read_config
from unmask.errors import DetectorNotFound, HubError, UnmaskError
from unmask.files import write_whole
from unmask.hub.client import HUB_TIMEOUT, hub_api, hub_endpoint, hub_errors
from unmask.hub.face_model import FILE as FACE_FILE
from unmask.hub.face_model import REPOSITORY as FACE_REPOSITORY
from unmask.hub.publishing import check_hub_id, find_token, open_repository

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

PACKAGE = Path(__file__).resolve().parents[1]
CLONE = PACKAGE.parents[1]
LEFT_OUT = {"default", "__pycache__"}
"""Of the package: the shipped weights, for the Space fetches its own, and what Python compiled."""
HARDWARE = "cpu-basic"

APP = '''\
"""Unmask with one detector, at one commit. `train/push.py --space` of Unmask wrote this Space."""

import sys

from unmask import UnmaskError, load_detector
from unmask.web import build_page, launch_page

DETECTOR = "{detector}"
REVISION = "{revision}"

if __name__ == "__main__":
    try:
        launch_page(build_page(load_detector(DETECTOR, revision=REVISION)))
    except UnmaskError as error:
        sys.exit(str(error))
'''
PAGE = """\
---
{metadata}
---

# Unmask

Give it a photo: each face is judged real, fake or *cannot say*, with the evidence. A verdict is a measurement with an
error rate and no proof: do not use it alone to accuse, refuse or identify anybody.

- **Detector**: [{detector}](https://huggingface.co/{detector}), under `{licence}`. Its card has the scores, what it
  learned from and where it fails. This Space stays with the commit that `app.py` names.
- **Privacy**: a picture is judged on the machine of this Space, kept there in a temporary folder for about an hour
  and sent nowhere. To keep pictures on a machine of your own, run Unmask there, or duplicate this Space.
- **For programs**: `/predict_image`; "Use via API" at the foot of the page shows how.
- **Code**: Unmask {version} in `unmask/`, under Apache-2.0. It runs on the CPU, without torch.
"""


def push_space(
    space_id: str,
    detector_id: str,
    revision: str | None = None,
    *,
    private: bool = False,
    token: str | None = None,
) -> str:
    """Make or update a Space that shows a detector, and return its address.

    The detector is a published one; its revision is resolved to a commit, and the Space stays with that one.
    Everything goes up in one commit; of an earlier push, files of `unmask/` that are gone are deleted.

    Args:
        space_id: The Space, `user/name`; created where it does not exist.
        detector_id: The repository of the detector, `user/name`.
        revision: Its tag, branch or commit; None for the newest.
        private: Make a private Space; an existing public one is refused. A private detector needs it.
        token: A token with write access; None for that of the user (`HF_TOKEN` or `hf auth login`).

    Raises:
        DetectorNotFound: The repository is not there or holds no detector.
        HubError: The Hub refused or could not be reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    token = find_token(token)
    files = prepare_space(space_id, detector_id, revision, private=private, token=token)
    api = hub_api(token)
    open_repository(api, space_id, private, kind="space")
    with hub_errors(f"publish the Space {space_id}", space_id):
        there = api.list_repo_files(space_id, repo_type="space")
        stale = [name for name in there if name.startswith("unmask/") and name not in files]
        operations: list[Any] = [CommitOperationAdd(name, content) for name, content in files.items()]
        operations += [CommitOperationDelete(name) for name in stale]
        title = f"Show {detector_id}"
        api.create_commit(space_id, operations, commit_message=title, repo_type="space")
    return f"{api.endpoint}/spaces/{space_id}"


def prepare_space(
    space_id: str,
    detector_id: str,
    revision: str | None = None,
    *,
    private: bool = False,
    token: str | None = None,
) -> dict[str, bytes]:
    """Return the files of a Space that shows a published detector; nothing is sent."""
    from huggingface_hub import hf_hub_download

    check_hub_id(space_id)
    check_hub_id(detector_id)
    with hub_errors(f"look up the detector {detector_id}", detector_id):
        info: ModelInfo = hub_api(token).model_info(detector_id, revision=revision, timeout=HUB_TIMEOUT)
    names = {file.rfilename for file in info.siblings or ()}
    if not info.sha or not {CONFIG, ONNX} <= names:
        raise DetectorNotFound(f"{detector_id} holds no detector of Unmask. Publish one with --repo.")
    if info.private and not private:
        raise HubError(f"{detector_id} is private and a public Space would show it. Add --private.")
    with hub_errors(f"fetch {CONFIG} of {detector_id}", detector_id):
        config = hf_hub_download(detector_id, CONFIG, revision=info.sha, token=token, endpoint=hub_endpoint())
    return space_files(space_id, detector_id, info.sha, read_config(Path(config).parent), private=private)


def space_files(
    space_id: str, detector_id: str, revision: str, config: DetectorConfig, *, private: bool = False
) -> dict[str, bytes]:
    """Return every file of the Space: its card, `app.py`, `requirements.txt`, the licence and our package.

    Args:
        space_id: The Space, `user/name`.
        detector_id: The repository of the detector.
        revision: The commit that `app.py` loads.
        config: The detector's `config.json`.
        private: Whether the detector is private: then the Hub cannot fetch it when it builds the Space.
    """
    files = {"LICENSE": _read_of_clone("LICENSE"), **_package_files()}
    texts = {
        "README.md": _render_page(space_id, detector_id, revision, config, private),
        "app.py": APP.format(detector=detector_id, revision=revision),
        "requirements.txt": "\n".join(app_requirements()) + "\n",
    }
    return {name: text.encode() for name, text in texts.items()} | files


def write_space(files: dict[str, bytes], folder: Path) -> None:
    """Write the files of a Space into a new folder, to look at or to start; raises UnmaskError where one is there."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UnmaskError(f"{folder} is there already and not empty. Name a new folder.")
    for name, content in files.items():
        write_whole(folder / name, content)


def app_requirements() -> list[str]:
    """Return what the page needs: the parts "core" and "app" of the clone's requirements.txt, without torch."""
    parts = _read_of_clone("requirements.txt").decode().split("\n\n")
    needed = [part.splitlines()[1:] for part in parts if part.startswith(("# core:", "# app:"))]
    return [line for lines in needed for line in lines]


def _read_of_clone(name: str) -> bytes:
    try:
        return (CLONE / name).read_bytes()
    except OSError:
        raise UnmaskError(f"{CLONE / name} is missing. Publish a Space from a clone of Unmask.") from None


def _render_page(space_id: str, detector_id: str, revision: str, config: DetectorConfig, private: bool) -> str:
    import yaml

    from unmask import __version__

    preloaded = [f"{FACE_REPOSITORY} {FACE_FILE}"]
    if not private:
        preloaded.append(f"{detector_id} {CONFIG},{ONNX} {revision}")
    keys = {
        "title": f"Unmask: {space_id.split('/')[1]}",
        "emoji": "🎭",
        "colorFrom": "blue",
        "colorTo": "gray",
        "sdk": "gradio",
        "sdk_version": _gradio_version(),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": "app.py",
        "suggested_hardware": HARDWARE,
        "short_description": "Real or forged face? Verdicts with evidence",
        "license": "apache-2.0",
        "models": [detector_id],
        "preload_from_hub": preloaded,
        "tags": ["unmask", "deepfake-detection"],
    }
    return PAGE.format(
        metadata=yaml.safe_dump(keys, sort_keys=False, allow_unicode=True, width=1000).strip(),
        detector=detector_id,
        revision=revision,
        licence=config.settings.license,
        version=__version__,
    )


def _gradio_version() -> str:
    try:
        return metadata.version("gradio")
    except metadata.PackageNotFoundError:
        raise UnmaskError("A Space runs the gradio that is installed here, and there is none: install [app].") from None


def _package_files() -> dict[str, bytes]:
    """Return the files of this package by their paths in the Space."""
    paths = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*") if path.is_file())
    sent = [path for path in paths if not LEFT_OUT & set(path.parts)]
    return {path.as_posix(): (PACKAGE.parent / path).read_bytes() for path in sent}
