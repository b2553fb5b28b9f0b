"""Contact sheets: what augmentations make of one picture's face, several draws of each, to be looked at.

python -m unmask.augmentations.contact_sheet photo.jpg --augmentation jpeg --output sheet.png
python -m unmask.augmentations.contact_sheet photo.jpg --all --output sheet.png
python -m unmask.augmentations.contact_sheet photo.jpg --augmentation '{blur: {lowest: 2, highest: 3}}'
"""

from __future__ import annotations

import argparse
import inspect
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image, ImageDraw

from unmask.augmentations import AUGMENTATIONS, make_augmentation, split_entry
from unmask.augmentations.self_blending import self_blend
from unmask.errors import MediaError, UnmaskError
from unmask.files import write_whole
from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.preprocessing import crop_face, resize_crop
from unmask.schema import Face, InputSpec

SELF_BLENDING = "self_blending"
CROP_MARGIN = 0.1
GAP, LABEL_HEIGHT = 4, 16

Draw = Callable[[int], np.ndarray]
"""A seed to a crop, uint8 RGB [S, S, 3]."""


def draw_sheet(
    image: np.ndarray, face: Face, entries: Sequence[Any], draws: int, size: int, seed: int = 0
) -> Image.Image:
    """Return a picture with a row per augmentation: its name, the crop as it is, and `draws` draws.

    Every crop of a row is changed, whatever the augmentation's own share `p`, unless the entry gives one.

    Args:
        image: uint8 RGB [H, W, 3].
        face: The face to cut out of it.
        entries: Augmentations as `compose` takes them; `self_blending` is one more.
        draws: How many draws of each.
        size: Side of a crop in pixels.
        seed: The first draw's; the others count on from it.

    Raises:
        UnmaskError: There is no such augmentation.
        TrainingError: An entry is not one, or has a wrong parameter.
    """
    plain = _cut(image, face, size)
    rows = [
        (_label(entry), [plain, *(make(seed + n) for n in range(draws))])
        for entry, make in _rows(image, face, entries, size)
    ]
    wide, tall = (draws + 1) * (size + GAP) + GAP, len(rows) * (size + LABEL_HEIGHT + GAP) + GAP
    sheet = Image.new("RGB", (wide, tall), "white")
    pen = ImageDraw.Draw(sheet)
    for place, (label, crops) in enumerate(rows):
        top = GAP + place * (size + LABEL_HEIGHT + GAP)
        pen.text((GAP, top + 1), f"{label}: as it is, then {draws} draws", fill="black")
        for column, crop in enumerate(crops):
            sheet.paste(Image.fromarray(crop), (GAP + column * (size + GAP), top + LABEL_HEIGHT))
    return sheet


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sheet that the command line describes and return the exit code."""
    options = _read_options(arguments)
    try:
        names = [SELF_BLENDING, *AUGMENTATIONS] if options.all else [_entry(text) for text in options.augmentation]
        image = read_image(options.picture)
        faces = make_face_finder(Path(options.face_model) if options.face_model else None).find_faces(image)
        if not faces:
            raise MediaError(f"No face was found in {Path(options.picture).name}. Try another picture.")
        sheet = draw_sheet(image, faces[0], names, options.draws, options.size, options.seed)
        file = io.BytesIO()
        sheet.save(file, "PNG")
        write_whole(Path(options.output), file.getvalue())
    except UnmaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{len(names)} augmentation(s), {options.draws} draws each: {options.output}")
    return 0


def _rows(image: np.ndarray, face: Face, entries: Sequence[Any], size: int) -> list[tuple[Any, Draw]]:
    return [
        (e, _blended(image, face, size) if e == SELF_BLENDING else _augmented(image, face, size, e)) for e in entries
    ]


def _blended(image: np.ndarray, face: Face, size: int) -> Draw:
    def draw(seed: int) -> np.ndarray:
        return _cut(self_blend(image, face.box, face.landmarks, np.random.default_rng(seed)), face, size)

    return draw


def _augmented(image: np.ndarray, face: Face, size: int, entry: Any) -> Draw:
    name, parameters = split_entry(entry)
    if "p" in inspect.signature(AUGMENTATIONS[name]).parameters:
        parameters = {"p": 1.0, **parameters}
    augment = make_augmentation(name, parameters)
    crop = torch.from_numpy(_cut(image, face, size)).permute(2, 0, 1)

    def draw(seed: int) -> np.ndarray:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return augment(crop).permute(1, 2, 0).contiguous().numpy()

    return draw


def _cut(image: np.ndarray, face: Face, size: int) -> np.ndarray:
    spec = InputSpec(size, "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return np.array(resize_crop(crop_face(image, face.box, CROP_MARGIN), spec))


def _entry(text: str) -> Any:
    """Return an entry of the command line: a name, or a name with parameters as a recipe writes them."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # which is then no augmentation's name


def _label(entry: Any) -> str:
    return entry if isinstance(entry, str) else yaml.safe_dump(entry, default_flow_style=True).strip().strip("{}")


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m unmask.augmentations.contact_sheet",
        description="Draw what augmentations make of the largest face of a picture.",
    )
    parser.add_argument("picture", help="a picture with a face")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--augmentation",
        action="append",
        metavar="NAME",
        help=f"one of {', '.join(AUGMENTATIONS)}, {SELF_BLENDING}; also as '{{jpeg: {{lowest: 30}}}}'; may be repeated",
    )
    which.add_argument("--all", action="store_true", help="every augmentation, a row each")
    parser.add_argument("--output", default="contact-sheet.png", help="the sheet, a PNG (default: %(default)s)")
    parser.add_argument("--draws", type=_count, default=8, help="draws of each (default: %(default)s)")
    parser.add_argument("--size", type=_count, default=160, help="side of a crop in pixels (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first draw (default: %(default)s)")
    parser.add_argument(
        "--face-model",
        default=os.environ.get("UNMASK_FACE_MODEL"),
        help="YuNet file that finds the face and its landmarks; else UNMASK_FACE_MODEL, else OpenCV's Haar cascades",
    )
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError(f"{number} is not between 1 and 1024")
    return number


if __name__ == "__main__":
    sys.exit(main())
