"""What the words for a class mean; the one place that turns a word into label 0 (real) or 1 (fake).

Labels come from the meaning of the word, never from the alphabet, which would make fake 0.
"""

from __future__ import annotations

import re

from unmask.errors import DataError
from unmask.schema import FAKE, REAL

REAL_WORDS = frozenset({"real", "reals", "original", "originals", "authentic", "genuine", "pristine", "bonafide"})
FAKE_WORDS = frozenset(
    {
        "fake",
        "fakes",
        "deepfake",
        "deepfakes",
        "manipulated",
        "synthetic",
        "synthesized",
        "generated",
        "forged",
    }
)
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# Words that stand beside the class in folder names (`real_data`, `fake_images`) and say nothing of it.
_FILLERS = frozenset(
    {"data", "dataset", "set", "class", "face", "faces", "image", "images", "img", "imgs"}
    | {"photo", "photos", "picture", "pictures", "frame", "frames", "crop", "crops", "video", "videos"}
)

REAL_METHOD = "real"
"""The `Sample.method` of real pictures whose data set names no other."""
UNKNOWN_METHOD = "unknown"
"""The `Sample.method` of fakes whose data set does not say how they were made."""


def label_of(word: str) -> int:
    """Return the label that a class word stands for: 0 for real, 1 for fake.

    Case, a leading number, a split word and fillers are looked past: `REAL`, `0_real`, `real_data` and
    `training_real` are all real. A bare number is refused, because data sets disagree on what 1 means.

    Raises:
        DataError: The word names neither class, or both.

    Example:
        >>> label_of("Real"), label_of("training_fake")
        (0, 1)
    """
    words = [part for part in _parts(word) if part not in SPLIT_WORDS]
    if len(words) == 1 and words[0] in REAL_WORDS:
        return REAL
    if len(words) == 1 and words[0] in FAKE_WORDS:
        return FAKE
    raise DataError(f"{word!r} names neither class. Write real or fake.")


def is_label(word: str) -> bool:
    """Say whether `label_of` knows the word."""
    try:
        label_of(word)
    except DataError:
        return False
    return True


def split_of(word: str) -> str | None:
    """Return `train`, `validation` or `test` where a folder or column names a split, else None.

    A split may stand alone (`Train`, `val`) or before a class (`training_real`).

    Example:
        >>> split_of("Valid"), split_of("training_fake"), split_of("real")
        ('validation', 'train', None)
    """
    parts = _parts(word)
    named = [SPLIT_WORDS[part] for part in parts if part in SPLIT_WORDS]
    rest = [part for part in parts if part not in SPLIT_WORDS]
    return named[0] if len(named) == 1 and (not rest or is_label(word)) else None


def _parts(word: str) -> list[str]:
    """Return the lower-case words of a name without numbers and fillers."""
    parts = re.split(r"[^a-z0-9]+", word.strip().lower())
    return [part for part in parts if part and not part.isdigit() and part not in _FILLERS]
