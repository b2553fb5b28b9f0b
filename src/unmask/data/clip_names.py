"""What the names of published clips say: which footage a clip was made from, and which footage it is tied to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

YOUTUBE_CLIP = re.compile(r"(\d{3})(?:_(\d{3}))?")
"""FaceForensics++: 055 is footage, 055_147 the footage 055 with the face of 147."""
ACTOR_CLIP = re.compile(r"(\d{2})(?:_\d{2})?__.+")
"""FaceForensics++'s actors: 01__kitchen_pan, 01_02__talking__A1B2 with the actor of the footage first."""
CELEB_CLIP = re.compile(r"(id\d+)_(?:id\d+_)?(\d+)")
"""Celeb-DF: id0_0003 is footage, id0_id1_0003 the same with the face of id1."""


def footage_of(name: str) -> str | None:
    """Return the footage a clip was made from, None where its name is of no published data set.

    Example:
        >>> [footage_of(name) for name in ("055_147", "01_02__talking__A1B2", "id0_id1_0003", "holiday")]
        ['055', 'actor_01', 'id0_0003', None]
    """
    if match := YOUTUBE_CLIP.fullmatch(name):
        return match[1]
    if match := ACTOR_CLIP.fullmatch(name):
        return f"actor_{match[1]}"
    if match := CELEB_CLIP.fullmatch(name):
        return f"{match[1]}_{match[2]}"
    return None


def named_pairs(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the two footages of every clip that is named after two."""
    for name in names:
        if (match := YOUTUBE_CLIP.fullmatch(name)) and match[2]:
            yield match[1], match[2]


def tie_footage(pairs: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return for every footage the smallest one it is tied to, over any chain of pairs.

    `055_147` shows the face of 147 on the footage 055 and `147_055` its mirror: apart, a face would stand on
    two sides of a split.

    Example:
        >>> tie_footage([("055", "147"), ("147", "200")])
        {'055': '055', '147': '055', '200': '055'}
    """
    smallest: dict[str, str] = {}

    def find(name: str) -> str:
        while smallest.setdefault(name, name) != name:
            name = smallest[name]
        return name

    for pair in sorted(set(pairs)):
        ends = sorted({find(name) for name in pair})
        smallest.update(dict.fromkeys(ends[1:], ends[0]))
    return {name: find(name) for name in list(smallest)}
