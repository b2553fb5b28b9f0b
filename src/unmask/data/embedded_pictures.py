"""Pictures kept inside Parquet files, as the Hub stores them: unpacked to a prepared data set, byte for byte.

A picture is never decoded here: its bytes are written as they are, and whoever reads the file later does so
through the guarded reader. Labels come from words alone; numbers without names are refused.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unmask.data.labels import is_label, label_of
from unmask.data.tables import class_names, open_parquet, read_batches, text_of
from unmask.errors import DataError
from unmask.files import write_whole
from unmask.media.image_bytes import MAX_FILE_BYTES
from unmask.schema import LABEL_NAMES

LABEL_COLUMNS = ("label", "labels", "class", "target", "fake", "is_fake")
CARRIED = ("source_id", "video_id", "method", "split")
NOTE = "labels.txt"
"""The file of an unpacked data set that says how its words were read."""
_SUFFIXES = {
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".png": re.compile(rb"\x89PNG"),
    ".gif": re.compile(rb"GIF8[79]a"),
    ".webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
    ".avif": re.compile(rb"....ftypavi[fs]", re.DOTALL),
    ".heic": re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|m[is]f1)", re.DOTALL),
    ".bmp": re.compile(rb"BM"),
}
_BATCH = 64  # pictures held in memory at once


@dataclass(frozen=True)
class Shard:
    """One Parquet file of pictures: which column holds them, which the labels, and the split of the file."""

    path: Path
    picture: str
    label: str
    names: list[str] | None
    split: str | None


def find_shard(path: Path, split: str | None = None) -> Shard | None:
    """Return what a Parquet file of labelled pictures holds, None where it holds no pictures.

    Raises:
        DataError: The file is damaged, has several pictures a row, or no column of labels.
    """
    with open_parquet(path) as file:
        schema = file.schema_arrow
    pictures = [field.name for field in schema if _holds_bytes(field.type)]
    if not pictures:
        return None
    if len(pictures) > 1 and "image" not in pictures:
        raise DataError(f"{path.name} has several pictures a row ({', '.join(pictures)}). Make a manifest of it.")
    names = class_names(schema)
    labels = [name for name in (*LABEL_COLUMNS, *names) if name in schema.names]
    if not labels:
        raise DataError(f"{path.name} has no column of labels, only {', '.join(schema.names)}.")
    picture = "image" if "image" in pictures else pictures[0]
    return Shard(path, picture, labels[0], names.get(labels[0]), split)


def _holds_bytes(kind: Any) -> bool:
    """Say whether a column's type is that of `datasets.Image`: a struct with `bytes`."""
    import pyarrow.types

    index = kind.get_field_index("bytes") if pyarrow.types.is_struct(kind) else -1
    return index >= 0 and any(
        check(kind[index].type) for check in (pyarrow.types.is_binary, pyarrow.types.is_large_binary)
    )


def unpack_pictures(shards: Sequence[Shard], folder: Path) -> str:
    """Write the pictures of the shards as a prepared data set and return how their labels were read.

    The folder appears whole or not at all. Rows whose bytes are no picture are left out and counted.

    Raises:
        DataError: The labels do not say which is real and which fake, nothing is left, or the disk is full.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        (aside / "images").mkdir(parents=True)
        note = _unpack(shards, aside)
        write_whole(aside / NOTE, note.encode())
        if not folder.exists():
            aside.replace(folder)
    except OSError as error:
        raise DataError(f"Could not write {folder}: {error.strerror}. Free some space and try again.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return note


def _unpack(shards: Sequence[Shard], folder: Path) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    read_as: dict[str, int] = {}
    left_out: Counter[str] = Counter()
    rows = []
    for number, shard in enumerate(shards):
        rows += list(_written(shard, number, folder, read_as, left_out))
    if not rows:
        raise DataError(f"{shards[0].path.name} and its like hold no picture that can be used ({dict(left_out)}).")
    text = ("file_name", "label", "source_id", "video_id", "method", "split")
    schema = pa.schema(
        [(name, pa.string()) for name in text]
        + [("frame_time", pa.float64())]
        + [(edge, pa.int32()) for edge in ("left", "top", "right", "bottom")]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "metadata.parquet")
    said = ", ".join(f"{word!r} is {LABEL_NAMES[label]}" for word, label in sorted(read_as.items()))
    counts = Counter(row["label"] for row in rows)
    lost = "".join(f", {count} left out ({why})" for why, count in sorted(left_out.items()))
    return f"labels: {said}; {counts['real']} real, {counts['fake']} fake{lost}"


def _written(
    shard: Shard, number: int, folder: Path, read_as: dict[str, int], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Write the pictures of one shard and yield their rows; `read_as` gathers what each word was read as."""
    if shard.names is not None:
        read_as |= read_classes(shard.names, shard.path.name)
    with open_parquet(shard.path) as file:
        held = [shard.picture, shard.label, *(name for name in CARRIED if name in file.schema_arrow.names)]
        values = (row for batch in read_batches(shard.path, file, held, _BATCH) for row in batch)
        for line, row in enumerate(values):
            word = text_of(row[shard.label], shard.names)
            content = (row[shard.picture] or {}).get("bytes") or b""
            suffix = next((end for end, mark in _SUFFIXES.items() if mark.match(content)), None)
            if not word or suffix is None or len(content) > MAX_FILE_BYTES:
                left_out["no label" if not word else "no picture" if suffix is None else "too large"] += 1
                continue
            label = _label(word, shard, read_as)
            name = f"images/{number:04}-{line:07}{_own_name(row[shard.picture])}{suffix}"
            (folder / name).write_bytes(content)
            carried = {column: text_of(row.get(column)) or None for column in CARRIED}
            carried["split"] = carried["split"] or shard.split
            yield {"file_name": name, "label": LABEL_NAMES[label], **carried}


def read_classes(names: Sequence[str], where: str) -> Mapping[str, int]:
    """Return the label that each class name stands for.

    Raises:
        DataError: A name says neither real nor fake, or all say the same.

    Example:
        >>> read_classes(["Fake", "Real"], "train.parquet")
        {'Fake': 1, 'Real': 0}
    """
    if not all(is_label(name) for name in names) or len({label_of(name) for name in names}) != 2:
        raise DataError(
            f"The classes of {where} are {', '.join(map(repr, names))}: they do not say which is real and which fake. "
            "Download it and write a metadata.csv with file_name and label."
        )
    return {name: label_of(name) for name in names}


def _label(word: str, shard: Shard, read_as: dict[str, int]) -> int:
    """Return the label of a row's word; numbers count only in a column called `fake`."""
    if shard.label in ("fake", "is_fake") and word in ("0", "1", "true", "false"):
        word = {"1": "fake", "true": "fake"}.get(word, "real")
    if word not in read_as:
        if not is_label(word):
            raise DataError(
                f"The column {shard.label} of {shard.path.name} holds {word[:40]!r}, which says neither real nor fake. "
                "Download it and write a metadata.csv with file_name and label."
            )
        read_as[word] = label_of(word)
    return read_as[word]


def _own_name(picture: Mapping[str, Any]) -> str:
    """Return the picture's own name as an ending, reduced to plain letters: it may tell a clip or a class."""
    stem = Path(str(picture.get("path") or "")).stem
    return f"-{plain}" if (plain := re.sub(r"[^A-Za-z0-9_]+", "_", stem)[:60].strip("_")) else ""
