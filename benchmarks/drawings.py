"""What detectors say of photographs that were made to look drawn, and of photographs that merely look different.

    python benchmarks/drawings.py --photos FOLDER                          # the shipped detector
    python benchmarks/drawings.py src/unmask/default runs/mine/detector --photos FOLDER --photos ANOTHER

Each kind of drawing is a filter over the whole picture, whose faces are then looked for as in any picture; those of
calibration (`unmask/augmentations/drawn.py`) come first, the others it has never seen. A row counts the faces that are
called real and fake, those that get no verdict, and those of all that are told to be unlike the faces known. A drawing
should get no verdict; a photograph, however lit, coloured or compressed, should not be told to be a drawing.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from unmask import load_detector
from unmask.augmentations.drawn import STYLES, make_drawn
from unmask.augmentations.greyscale import Greyscale
from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.evaluation.corruptions import CORRUPTIONS
from unmask.media.faces import make_face_finder
from unmask.media.images import find_images, read_image
from unmask.training.run_data import spread

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
PHOTOGRAPHS = ("contrast", "saturation", "noise", "screenshot", "down_up")
STRENGTH = 3


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detectors", nargs="*", metavar="DIR_OR_HUB_ID", help="the shipped one without any")
    parser.add_argument("--photos", type=Path, action="append", required=True, metavar="FOLDER", help="of photographs")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="of each folder, evenly taken; 0 for all")
    parser.add_argument("--face-model", type=Path, metavar="FILE", help="YuNet's file, else the cascades")
    return parser.parse_args()


def main() -> int:
    """Judge and print; return 0, or 2 when something cannot be read."""
    try:
        judge_folders(parse_arguments())
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def judge_folders(options: argparse.Namespace) -> None:
    """Print a table for each folder of photographs."""
    finder = make_face_finder(options.face_model)
    detectors = [load_detector(name) for name in options.detectors or [None]]
    for detector in detectors:
        detector.face_finder = finder
    for folder in options.photos:
        paths = sorted(find_images(folder))
        if not paths:
            raise MediaError(f"{folder} holds no picture. Give a folder of photographs.")
        photos = [read_image(path) for path in spread(paths, options.limit)]
        print(f"\n{folder.name}: {len(photos)} photographs\n\n| kind | " + " | ".join(d.name for d in detectors) + " |")
        print("|---|" + "---|" * len(detectors))
        for kind, change in tqdm(kinds().items(), "Judging", leave=False):
            drawn = [change(photo, np.random.default_rng(number)) for number, photo in enumerate(photos)]
            tqdm.write(f"| {kind} | " + " | ".join(judge(detector, drawn) for detector in detectors) + " |")


def kinds() -> dict[str, Change]:
    """Return every kind of drawing and of photograph by name."""
    photographs: dict[str, Change] = {
        "as they are": lambda photo, _: photo,
        "grey": lambda photo, _: Greyscale(1).change(photo),
        **{name: functools.partial(_corrupted, name) for name in PHOTOGRAPHS},
    }
    seen: dict[str, Change] = {f"drawn: {style}": functools.partial(_drawn, style) for style in STYLES}
    return photographs | seen | {f"drawn, unseen: {name}": change for name, change in UNSEEN.items()}


def judge(detector: Detector, pictures: list[np.ndarray]) -> str:
    """Return the faces found in pictures by verdict, and how many were told to be unlike the faces known."""
    faces = [face for picture in pictures for face in detector.predict_image(picture).faces]
    verdicts = Counter(face.verdict for face in faces)
    told = sum(any("unlike" in reason for reason in face.reasons) for face in faces)
    return f"{verdicts['real']} real, {verdicts['fake']} fake, {verdicts['uncertain']} uncertain; {told} told"


def ink(photo: np.ndarray) -> np.ndarray:
    """Return black lines where a picture darkens, by the difference of two blurs."""
    light = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lines = cv2.GaussianBlur(light, (0, 0), 1) - cv2.GaussianBlur(light, (0, 0), 2.5)
    shade = 255 / (1 + np.exp(-2 * lines / max(lines.std(), 1) - 2))
    return cv2.cvtColor(shade.astype(np.uint8), cv2.COLOR_GRAY2RGB)


def sketch(photo: np.ndarray, coloured: bool, near: float = 60, alike: float = 0.07, shade: float = 0.05) -> np.ndarray:
    """Return OpenCV's pencil sketch of a picture."""
    grey, in_colours = cv2.pencilSketch(photo, sigma_s=near, sigma_r=alike, shade_factor=shade)
    return in_colours if coloured else cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def _corrupted(name: str, photo: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return CORRUPTIONS[name].apply(photo, STRENGTH, generator)


def _drawn(style: str, photo: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return make_drawn(photo, style, generator)


UNSEEN: dict[str, Change] = {
    "OpenCV's pencil": lambda photo, _: sketch(photo, coloured=False),
    "OpenCV's coloured pencil": lambda photo, _: sketch(photo, coloured=True),
    "the same, softer": lambda photo, _: sketch(photo, coloured=True, near=30, alike=0.15, shade=0.03),
    "OpenCV's stylization": lambda photo, _: cv2.stylization(photo, sigma_s=60, sigma_r=0.45),
    "the same, finer": lambda photo, _: cv2.stylization(photo, sigma_s=100, sigma_r=0.25),
    "ink": lambda photo, _: ink(photo),
}


if __name__ == "__main__":
    sys.exit(main())
