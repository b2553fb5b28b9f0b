"""Corruptions: what happens to a picture on its way, one file each, in five strengths.

A corruption changes a decoded picture (uint8 RGB [H, W, 3]) and keeps its size, so that a face box found on the
clean picture still holds. Its draws come from the generator it is handed, seeded by the picture's name: a picture
is corrupted in one way, on any machine and in any order. A new corruption is one new file here.

The idea of a table of corruptions by strength is Hendrycks and Dietterich's ("Benchmarking Neural Network Robustness
to Common Corruptions and Perturbations", ICLR 2019); the choice of them for faces follows Jiang et al.
("DeeperForensics-1.0", CVPR 2020), whose block-wise distortion is among them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from unmask.registry import Registry

Change: TypeAlias = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
"""A picture, a level and a generator to the changed picture of the same size."""
STRENGTHS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """One way in which a picture suffers: five levels, mildest first, in the unit that `level_name` names."""

    change: Change
    level_name: str
    levels: tuple[float, ...]

    def apply(self, picture: np.ndarray, strength: int, generator: np.random.Generator) -> np.ndarray:
        """Return a changed copy of uint8 RGB [H, W, 3] at a strength of 1 to 5."""
        return self.change(picture, self.levels[strength - 1], generator)


CORRUPTIONS: Registry[Corruption] = Registry("corruption", package="unmask.evaluation.corruptions")
"""Every corruption by name."""


def corruption(name: str, level_name: str, *levels: float) -> Callable[[Change], Change]:
    """Return a decorator that registers a function as a corruption with its five levels, mildest first."""

    def add(change: Change) -> Change:
        CORRUPTIONS.register(name)(Corruption(change, level_name, levels))
        return change

    return add


def corrupt(picture: np.ndarray, name: str, strength: int, file: str) -> np.ndarray:
    """Return the picture of a file after one corruption; the same file gives the same draws at every strength.

    Example:
        >>> picture = np.full((32, 32, 3), 128, np.uint8)
        >>> corrupt(picture, "jpeg", 3, "faces/a.png").shape
        (32, 32, 3)
    """
    generator = np.random.default_rng([zlib.crc32(file.encode()), zlib.crc32(name.encode())])
    return CORRUPTIONS[name].apply(picture, strength, generator)
