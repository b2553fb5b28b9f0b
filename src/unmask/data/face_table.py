"""Labelled pictures to a table with the box of each one's face.

The table is a `datasets.Dataset` with an explicit `ClassLabel(["real", "fake"])`; finding the faces is a
`map` over it, which `datasets` caches, so a second run starts at once.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from datasets import ClassLabel, Dataset, Features, Value
from datasets import Sequence as ListOf

from unmask.errors import DataError, UnmaskError
from unmask.media.faces import FaceFinder, make_face_finder
from unmask.media.images import read_image
from unmask.media.video_bytes import is_clip
from unmask.schema import LABEL_NAMES, Box, Sample

FEATURES = Features(
    {
        "path": Value("string"),
        "label": ClassLabel(names=list(LABEL_NAMES)),
        "dataset": Value("string"),
        "source_id": Value("string"),
        "method": Value("string"),
    }
)
GIVEN = Features({**FEATURES, "given_box": ListOf(Value("int32"))})
CACHE_VERSION = 2  # raise it when a face finder comes to give other boxes
FOUND = Features(
    {**FEATURES, "box": ListOf(Value("int32")), "landmarks": ListOf(Value("float32")), "problem": Value("string")}
)


def face_table(samples: Sequence[tuple[str, Sample]], face_model: Path | None, processes: int = 2) -> Dataset:
    """Return a table with one row per sample, its largest face's box, and its five landmarks where there are any.

    `landmarks` are ten numbers, x and y in turn, in the order of `schema.Face`, or none.

    `samples` are pairs of data set name and sample; a box that a sample brings is taken as it is, without a
    search. Rows whose picture could not be read or holds no face keep an empty `box` and say why in `problem`;
    `usable_rows` counts and drops them.

    Raises:
        DataError: There is no sample, or one is a clip.
    """
    rows = [
        {
            "path": s.path,
            "label": s.label,
            "dataset": name,
            "source_id": f"{name}/{s.source_id}",
            "method": s.method,
            "given_box": s.box.as_list() if s.box else [],
        }
        for name, s in samples
    ]
    if not rows:
        raise DataError("There is no picture to learn from. Check --data.")
    clip = next((s.path for _, s in samples if is_clip(s.path)), None)
    if clip:
        raise DataError(f"{clip} is a video. Cut the faces out first: python train/prepare.py --data … --output …")
    table = Dataset.from_list(rows, features=GIVEN)
    return table.map(
        _find_face,
        fn_kwargs={"face_model": str(face_model) if face_model else ""},
        features=FOUND,
        remove_columns=["given_box"],
        num_proc=min(processes, len(rows)) if processes > 1 else None,
        cache_file_name=str(_cache_file(rows, face_model)),
        load_from_cache_file=True,
        desc="Finding faces",
    )


def usable_rows(table: Dataset) -> tuple[Dataset, dict[str, int]]:
    """Return the rows that have a face, and how many rows were left out for which reason."""
    problems = table["problem"]
    counts = {problem: sum(p == problem for p in problems) for problem in sorted(set(problems) - {""})}
    return table.select([index for index, problem in enumerate(problems) if problem == ""]), counts


def _cache_file(rows: Sequence[dict[str, Any]], face_model: Path | None) -> Path:
    """Return where the boxes of these very files, found by this finder, are kept for the next run."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {face_model.name if face_model else 'haar'}".encode())
    for row in rows:
        status = Path(row["path"]).stat()
        digest.update(repr((sorted(row.items()), status.st_size, status.st_mtime_ns)).encode())
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "unmask-faces"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{digest.hexdigest()[:32]}.arrow"


@functools.lru_cache(maxsize=2)
def _finder(face_model: str) -> FaceFinder:
    return make_face_finder(Path(face_model) if face_model else None)


def _find_face(row: dict[str, Any], face_model: str) -> dict[str, Any]:
    """Add the given box or that of the largest face to a row, or the reason why there is none."""
    try:
        image = read_image(row["path"])
        if row["given_box"]:
            return _given(Box(*row["given_box"]), image)
        faces = _finder(face_model).find_faces(image)
    except UnmaskError:
        return {"box": [], "landmarks": [], "problem": "unreadable"}
    if not faces:
        return {"box": [], "landmarks": [], "problem": "no_face"}
    landmarks = [number for point in faces[0].landmarks or () for number in point]
    return {"box": faces[0].box.as_list(), "landmarks": landmarks, "problem": ""}


def _given(box: Box, image: np.ndarray) -> dict[str, Any]:
    """Return a data set's own box, cut to the picture; a box beside the picture holds no face."""
    height, width = image.shape[:2]
    box = Box(max(0, box.left), max(0, box.top), min(width, box.right), min(height, box.bottom))
    if box.width <= 0 or box.height <= 0:
        return {"box": [], "landmarks": [], "problem": "no_face"}
    return {"box": box.as_list(), "landmarks": [], "problem": ""}
