"""One folder per class, `real/` and `fake/` under any usual name, with or without split folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from unmask.data.folders import bare_split_of, split_folders, subfolders
from unmask.data.labels import REAL_METHOD, UNKNOWN_METHOD, is_label, label_of, split_of
from unmask.data.layouts import layouts
from unmask.media.images import find_images
from unmask.schema import REAL, Sample

FRAME_NAME = re.compile(r"(\d+)_(\d+)")
"""`<clip>_<frame>`, the whole stem: 00455_00112 is a frame, real_1 and 00035 are single pictures."""
CLIP_FOLDER = re.compile(r"(?:(?:id|clip|video|vid)[_-]?)?(\d+)(?:[_-].*)?", re.IGNORECASE)
"""A folder of one clip's frames: 055_147, id0_0003, clip-12. Another folder is the name of a method."""


@layouts.register("class_folders")
class ClassFolders:
    """Pictures in `real/` and `fake/` folders (`real_data`, `training_real`, `0_real`, `original`, …).

    The class may stand below the split (`Train/Fake`), beside it (`training_fake`) or above it
    (`fake/train`). Which pictures share a source, the split key, is read off the names:

    - where every picture of a split, in all its classes, is called `<digits>_<digits>`, the first number
      is the clip and the second the frame, and clips of the same number are one source in both classes
      (the fake made from that original). The numbers count within a split: `train/00455`.
    - a picture in a numbered folder (`fake/Deepfakes/055_147/0001.png`) is a frame of that clip, and the
      folder's first number is its source in all classes.
    - any other picture is a source of its own: `train/Fake/0QK8R3V1HN`.

    Names that say more than this (actors, pairs) need a `metadata.csv` with a `source_id`.
    """

    specificity = 10
    expects = "folders of pictures called real/ and fake/ (or alike), below train/, validation/, test/ or not"
    signs: tuple[str, ...] = ("real", "fake", "train", "test")

    def recognises(self, root: Path) -> bool:
        """Say whether every split folder, or the root, has a class folder in it."""
        return all(_class_folders(folder) for _, folder in _places(root))

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every picture below the class folders."""
        for split, folder in _places(root):
            pictures = [(part, path) for part in _class_folders(folder) for path in find_images(part)]
            numbered = all(FRAME_NAME.fullmatch(path.stem) for _, path in pictures)
            for class_folder, path in pictures:
                yield _sample(class_folder, path, split, numbered)


def _places(root: Path) -> list[tuple[str | None, Path]]:
    """Return the split folders, and the root too where class folders stand beside them."""
    places = split_folders(root)
    beside = all(folder != root for _, folder in places)
    return [*places, (None, root)] if beside and _class_folders(root) else places


def _class_folders(folder: Path) -> list[Path]:
    """Return the folders inside whose names say a class."""
    return [inside for inside in subfolders(folder) if is_label(inside.name)]


def _sample(class_folder: Path, path: Path, split: str | None, numbered: bool) -> Sample:
    """Return the sample of one picture; `numbered` says that all names are `<clip>_<frame>`."""
    label = label_of(class_folder.name)
    folders = list(path.relative_to(class_folder).parent.parts)
    split = split or split_of(class_folder.name)
    if split is None and folders and (inner := bare_split_of(Path(folders[0]))):
        split = inner
        folders.pop(0)
    clip = CLIP_FOLDER.fullmatch(folders[-1]) if folders else None
    frame = FRAME_NAME.fullmatch(path.stem) if numbered and not clip else None
    methods = folders[:-1] if clip else folders
    if clip:
        source, video = clip[1], folders[-1]
    elif frame:
        source, video = frame[1], frame[1]
    else:
        source, video = "/".join([class_folder.name, *methods, path.stem]), path.stem
    return Sample(
        path=str(path),
        label=label,
        source_id=_join(split, source),
        video_id=_join(split, class_folder.name, *methods, video),
        method="/".join(methods) or (REAL_METHOD if label == REAL else UNKNOWN_METHOD),
        split=split,
    )


def _join(*parts: str | None) -> str:
    """Return the given parts as one id."""
    return "/".join(part for part in parts if part)
