"""The FaceForensics++ tree: original_sequences/ and manipulated_sequences/.

Rössler et al., "FaceForensics++: Learning to Detect Manipulated Facial Images", ICCV 2019.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from unmask.data.clips import find_clips
from unmask.data.folders import subfolders
from unmask.data.labels import SPLIT_WORDS
from unmask.data.layouts import layouts
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Sample

CLASS_TREES = {"original_sequences": REAL, "manipulated_sequences": FAKE}
COMPRESSIONS = ("raw", "c0", "c23", "c40")
YOUTUBE_CLIP = re.compile(r"(\d{3})(?:_(\d{3}))?")
ACTOR_CLIP = re.compile(r"(\d{2})(?:_\d{2})?__.+")


@layouts.register("ffpp")
class FaceForensics:
    """FaceForensics++ as its download script lays it out, clips or frames cut from them.

    `055_147` is the footage 055 with the face of 147, and 147_055 its mirror, so both originals and both
    fakes share one source, the smaller number: apart, a face would stand on two sides of a split. Of the
    actors' clips (`01_02__talking__A1B2`) the source is the actor in the footage. `video_id` includes
    method and compression: all methods name their clips alike. The official lists (`train.json`,
    `val.json`, `test.json` beside the trees or in `splits/`) give the split where they are present.
    """

    specificity = 40
    expects = "original_sequences/ and manipulated_sequences/ with <method>/<compression>/videos or images"
    signs: tuple[str, ...] = ("sequences", "youtube", "c23", "c40", "deepfakes", "face2face", "faceswap")

    def recognises(self, root: Path) -> bool:
        """Say whether the root has either of the two trees."""
        return any((root / tree).is_dir() for tree in CLASS_TREES)

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every clip or frame of both trees."""
        official = _official_pairs(root)
        splits = {number: split for split, pairs in official for pair in pairs for number in pair}
        clips = list(_clips(root))
        names = (name for _, _, name, _ in clips)
        sources = _smallest_of_pair([*(tuple(pair) for _, pairs in official for pair in pairs), *_pairs(names)])
        for label, method, name, path in clips:
            footage = _footage(name)
            compression = [part for part in path.relative_to(root).parts if part in COMPRESSIONS]
            yield Sample(
                path=str(path),
                label=label,
                source_id=sources.get(footage, footage),
                video_id="/".join([method, *compression[:1], name]),
                method=method,
                split=splits.get(footage),
            )


def _clips(root: Path) -> Iterator[tuple[int, str, str, Path]]:
    """Yield label, method, clip name and file of every clip or frame."""
    for tree, label in CLASS_TREES.items():
        for method in subfolders(root / tree) if (root / tree).is_dir() else ():
            compressions = [method / name for name in COMPRESSIONS if (method / name).is_dir()]
            for folder in compressions or [method]:
                for name, path in find_clips(folder):
                    if "masks" not in path.relative_to(folder).parts:
                        yield label, method.name, name, path


def _footage(name: str) -> str:
    """Return the footage a clip was made from: `055` of 055_147, `actor_01` of 01_02__talking."""
    if match := YOUTUBE_CLIP.fullmatch(name):
        return match[1]
    if match := ACTOR_CLIP.fullmatch(name):
        return f"actor_{match[1]}"
    return name


def _pairs(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the two numbers of every clip that is named after two."""
    for name in names:
        if (match := YOUTUBE_CLIP.fullmatch(name)) and match[2]:
            yield match[1], match[2]


def _smallest_of_pair(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return for every number the smallest one it is tied to, over any chain of pairs."""
    smallest: dict[str, str] = {}

    def find(number: str) -> str:
        while smallest.setdefault(number, number) != number:
            number = smallest[number]
        return number

    for pair in set(pairs):
        ends = sorted(find(number) for number in pair)
        smallest.update(dict.fromkeys(ends[1:], ends[0]))
    return {number: find(number) for number in list(smallest)}


def _official_pairs(root: Path) -> list[tuple[str, list[list[str]]]]:
    """Return the official lists that are present: split and its pairs of numbers."""
    found = []
    for name in ("train", "val", "test"):
        path = next((p for p in (root / f"{name}.json", root / "splits" / f"{name}.json") if p.is_file()), None)
        if path:
            found.append((SPLIT_WORDS[name], _read_pairs(path)))
    return found


def _read_pairs(path: Path) -> list[list[str]]:
    """Return the pairs of one official list, `[["071", "054"], …]`."""
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}. Fetch the official split again.") from error
    listed = pairs if isinstance(pairs, list) else [None]
    if not all(isinstance(pair, list) and all(isinstance(n, str) for n in pair) for pair in listed):
        raise DataError(f'{path} is no list of pairs like [["071", "054"]]. Fetch the official split again.')
    return pairs
