"""The FaceForensics++ tree: original_sequences/ and manipulated_sequences/.

Rössler et al., "FaceForensics++: Learning to Detect Manipulated Facial Images", ICCV 2019.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unmask.data.clip_names import footage_of, named_pairs, tie_footage
from unmask.data.clips import find_clips
from unmask.data.folders import subfolders
from unmask.data.labels import SPLIT_WORDS
from unmask.data.layouts import layouts
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Sample

CLASS_TREES = {"original_sequences": REAL, "manipulated_sequences": FAKE}
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter", "DeepFakeDetection")
FLAT_ORIGINALS = ("original", "originals", "youtube")
COMPRESSIONS = ("raw", "c0", "c23", "c40")


@layouts.register("ffpp")
class FaceForensics:
    """FaceForensics++ as its download script lays it out, clips or frames cut from them.

    Copies with the methods side by side (`original/`, `Deepfakes/`, `FaceSwap/`, …) are read too.

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
        """Say whether the root has either of the two trees, or originals beside a folder of a method."""
        return any((root / tree).is_dir() for tree in CLASS_TREES) or _is_flat(root)

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every clip or frame of both trees."""
        official = _official_pairs(root)
        splits = {number: split for split, pairs in official for pair in pairs for number in pair}
        clips = list(_clips(root))
        names = (name for _, _, name, _ in clips)
        sources = tie_footage([*(tuple(pair) for _, pairs in official for pair in pairs), *named_pairs(names)])
        for label, method, name, path in clips:
            footage = footage_of(name) or name
            compression = [part for part in path.relative_to(root).parts if part in COMPRESSIONS]
            yield Sample(
                path=str(path),
                label=label,
                source_id=sources.get(footage, footage),
                video_id="/".join([method, *compression[:1], name]),
                method=method,
                split=splits.get(footage),
            )


def _is_flat(root: Path) -> bool:
    """Say whether originals and at least one method lie side by side."""
    names = {folder.name.lower() for folder in subfolders(root)}
    return not names.isdisjoint(FLAT_ORIGINALS) and any(method.lower() in names for method in METHODS)


def _method_folders(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield the folder of every method, and of every set of originals, with its label."""
    if _is_flat(root):
        methods = {method.lower() for method in METHODS}
        for folder in subfolders(root):
            if folder.name.lower() in FLAT_ORIGINALS:
                yield REAL, folder
            elif folder.name.lower() in methods:
                yield FAKE, folder
    for tree, label in CLASS_TREES.items():
        yield from ((label, method) for method in (subfolders(root / tree) if (root / tree).is_dir() else ()))


def _clips(root: Path) -> Iterator[tuple[int, str, str, Path]]:
    """Yield label, method, clip name and file of every clip or frame."""
    for label, method in _method_folders(root):
        compressions = [method / name for name in COMPRESSIONS if (method / name).is_dir()]
        for folder in compressions or [method]:
            for name, path in find_clips(folder):
                if "masks" not in path.relative_to(folder).parts:
                    yield label, method.name, name, path


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
