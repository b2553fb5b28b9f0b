"""One folder per class, `real/` and `fake/` under any usual name, with or without split folders."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from unmask.data.clip_names import footage_of, named_pairs, tie_footage
from unmask.data.clips import CLIP_SUFFIXES, KEPT_IN, find_clips
from unmask.data.folders import bare_split_of, split_folders, subfolders
from unmask.data.labels import REAL_METHOD, UNKNOWN_METHOD, is_label, label_of, split_of
from unmask.data.layouts import layouts
from unmask.errors import DataError
from unmask.media.images import find_images
from unmask.schema import FAKE, REAL, Sample

FRAME_NAME = re.compile(r"(\d+)_(\d+)")
"""`<clip>_<frame>`, the whole stem: 00455_00112 is a frame, real_1 and 00035 are single pictures."""
CLIP_FOLDER = re.compile(r"(?:(?:id|clip|video|vid)[_-]?)?(\d+)(?:[_-].*)?", re.IGNORECASE)
"""A folder of one clip's frames: 055_147, id0_0003, clip-12. Another folder is the name of a method."""


@layouts.register("class_folders")
class ClassFolders:
    """Pictures or clips in `real/` and `fake/` folders (`real_data`, `training_real`, `0_real`, `original`, …).

    The class may stand below the split (`Train/Fake`), beside it (`training_fake`) or above it
    (`fake/train`). Which pictures share a source, the split key, is read off the names:

    - where every picture of a split, in all its classes, is called `<digits>_<digits>`, the first number
      is the clip and the second the frame, and clips of the same number are one source in both classes
      (the fake made from that original). The numbers count within a split: `train/00455`.
    - a picture in a numbered folder (`fake/Deepfakes/055_147/0001.png`) is a frame of that clip, and the
      folder's first number is its source in all classes.
    - a clip named as in FaceForensics++ or Celeb-DF (`055_147.mp4`) has the footage it was made from as
      its source, and 055_147 ties 055 to 147.
    - any other picture or clip is a source of its own: `train/Fake/0QK8R3V1HN`.

    Names that say more than this (actors, pairs) need a `metadata.csv` with a `source_id`.
    """

    specificity = 10
    expects = "folders of pictures called real/ and fake/ (or alike), below train/, validation/, test/ or not"
    signs: tuple[str, ...] = ("real", "fake", "train", "test")

    def recognises(self, root: Path) -> bool:
        """Say whether every split folder, or the root, has a class folder in it."""
        places = [_class_folders(folder) for _, folder in _places(root)]
        return all(places) and not any(_holds_both(inside) for part in places for inside in part)

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every picture below the class folders; the clips of a class folder without pictures."""
        for split, folder in _places(root):
            files = [(part, path) for part in _class_folders(folder) for path in _files(part)]
            _check_left_out(folder, {label_of(part.name) for part, _ in files})
            numbered = all(FRAME_NAME.fullmatch(path.stem) for _, path in files if not _is_clip(path))
            ties = tie_footage(named_pairs(path.stem if _is_clip(path) else path.parent.name for _, path in files))
            for class_folder, path in files:
                yield _sample(class_folder, path, split, numbered, ties)


def _places(root: Path) -> list[tuple[str | None, Path]]:
    """Return the split folders, and the root too where class folders stand beside them."""
    places = split_folders(root)
    beside = all(folder != root for _, folder in places)
    return [*places, (None, root)] if beside and _class_folders(root) else places


def _class_folders(folder: Path) -> list[Path]:
    """Return the folders inside whose names say a class."""
    return [inside for inside in subfolders(folder) if is_label(inside.name)]


def _holds_both(folder: Path) -> bool:
    """Say whether a folder that is called like a class (`Deepfakes/`) is a whole data set of both."""
    said = [{label_of(inside.name) for inside in _class_folders(part)} for _, part in _places(folder)]
    return {REAL, FAKE} in said


def _files(class_folder: Path) -> list[Path]:
    """Return the pictures below a class folder, or its clips where it has none."""
    return find_images(class_folder) or [path for _, path in find_clips(class_folder)]


def _is_clip(path: Path) -> bool:
    return path.suffix.lower() in CLIP_SUFFIXES


def _check_left_out(folder: Path, labels: set[int]) -> None:
    """Say which folders beside the class folders name no class; raise DataError where a class is missing too."""
    unknown = [inside.name for inside in subfolders(folder) if not is_label(inside.name) and not split_of(inside.name)]
    held = [name for name in unknown if _files(folder / name)]
    if not held:
        return
    said = f"{folder}: {', '.join(f'{name}/' for name in held[:5])} name(s) no class and is left out"
    if len(labels) < 2:
        raise DataError(f"{said}, and one class is missing. Call the folders real and fake.")
    warnings.warn(f"{said}. Rename what belongs to a class.", stacklevel=4)


def _sample(class_folder: Path, path: Path, split: str | None, numbered: bool, ties: Mapping[str, str]) -> Sample:
    """Return the sample of one file; `numbered` says that all pictures are `<clip>_<frame>`."""
    label = label_of(class_folder.name)
    folders = [name for name in path.relative_to(class_folder).parent.parts if name.lower() not in KEPT_IN]
    split = split or split_of(class_folder.name)
    if split is None and folders and (inner := bare_split_of(Path(folders[0]))):
        split = inner
        folders.pop(0)
    clip = CLIP_FOLDER.fullmatch(folders[-1]) if folders else None
    frame = FRAME_NAME.fullmatch(path.stem) if numbered and not (clip or _is_clip(path)) else None
    methods = folders[:-1] if clip else folders
    if _is_clip(path) and (footage := footage_of(path.stem)):
        source, video = ties.get(footage, footage), path.stem
    elif clip:
        source, video = ties.get(clip[1], clip[1]), folders[-1]
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
