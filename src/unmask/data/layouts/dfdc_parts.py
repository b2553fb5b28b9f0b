"""The DFDC as published: parts of clips, each with a metadata.json.

Dolhansky et al., "The DeepFake Detection Challenge (DFDC) Dataset", 2020.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unmask.data.folders import subfolders
from unmask.data.labels import REAL_METHOD, label_of, split_of
from unmask.data.layouts import layouts
from unmask.data.tables import check_original, file_in
from unmask.errors import DataError
from unmask.schema import REAL, Sample

LIST = "metadata.json"


@layouts.register("dfdc_parts")
class DfdcParts:
    """One part of the DFDC, or a folder of parts (`dfdc_train_part_0`, …); grouped by the original clip.

    A real clip is its own original. The DFDC names no actors, so a person can stand on two sides of a
    split by source.
    """

    specificity = 40
    expects = "clips beside metadata.json, in dfdc_train_part_<n>/ or not"
    signs: tuple[str, ...] = ("metadata.json", "dfdc", "part_")

    def recognises(self, root: Path) -> bool:
        """Say whether the root or a folder in it has a metadata.json that labels clips."""
        parts = _parts(root)
        return bool(parts) and _labels_clips(parts[0])

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every clip that a part's metadata.json lists."""
        for part in _parts(root):
            table = part / LIST
            for name, entry in _entries(table).items():
                label = _label(table, name, entry)
                check_original(table, name, label, str(entry.get("original") or ""))
                stem = Path(name).stem
                yield Sample(
                    path=str(file_in(part, name, table)),
                    label=label,
                    source_id=Path(str(entry.get("original") or stem)).stem,
                    video_id=stem,
                    method=REAL_METHOD if label == REAL else "DFDC",
                    split=split_of(str(entry.get("split") or "")),
                )


def _parts(root: Path) -> list[Path]:
    """Return the folders with a metadata.json: the root itself, or those in it."""
    return [folder for folder in [root, *subfolders(root)] if (folder / LIST).is_file()]


def _entries(path: Path) -> dict[str, dict[str, Any]]:
    """Return what a metadata.json says of each clip."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}. Unpack the part again.") from error
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise DataError(f"{path} is no DFDC list of clips. Unpack the part again.")
    return entries


def _labels_clips(part: Path) -> bool:
    """Say whether a part's list gives every clip a label."""
    try:
        entries = _entries(part / LIST)
    except DataError:
        return False
    return bool(entries) and all("label" in entry for entry in entries.values())


def _label(table: Path, name: str, entry: dict[str, Any]) -> int:
    """Return a clip's label, with the list and the clip in the error."""
    try:
        return label_of(str(entry.get("label")))
    except DataError as error:
        raise DataError(f"{table}, {name}: {error}") from None
