"""A table of faces to model inputs: each is cut out, augmented and normalised as it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import Sampler

from unmask.media.images import read_image
from unmask.preprocessing import crop_face, normalise, resize_crop
from unmask.schema import Box, InputSpec


@dataclass(frozen=True)
class CropJitter:
    """How far a training crop strays from the serving crop, so that tightness does not tell the source.

    The crop's side is scaled by a factor in [smallest, largest] and its centre moved by up to `shift` of
    the face box's side.
    """

    smallest: float = 0.75
    largest: float = 1.15
    shift: float = 0.08

    def __call__(self, box: Box) -> Box:
        """Return a strayed copy of a face box, drawn from torch's generator."""
        scale, right, down = torch.rand(3).tolist()
        side = max(box.width, box.height)
        half = side * (self.smallest + (self.largest - self.smallest) * scale) / 2
        x = (box.left + box.right) / 2 + side * self.shift * (2 * right - 1)
        y = (box.top + box.bottom) / 2 + side * self.shift * (2 * down - 1)
        return Box(round(x - half), round(y - half), round(x + half), round(y + half))


class FacesDataset(TorchDataset[tuple[torch.Tensor, int, int]]):
    """Model input, label and row number of each face in a table.

    An index of `epoch * len(self) + row` gives that row as it is drawn in that epoch: the draw depends on
    the seed and the index alone, so it is the same for any number of workers and processes.
    """

    def __init__(
        self,
        table: Dataset,
        spec: InputSpec,
        crop_margin: float,
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        seed: int = 0,
    ) -> None:
        """Read `table`; without `augment` (uint8 [3, S, S] to the same) crops are those of serving."""
        self.labels = np.asarray(table["label"])
        self.dataset_names = list(table["dataset"])
        self.source_ids = list(table["source_id"])
        self._paths = list(table["path"])
        self._boxes = np.asarray(table["box"], dtype=np.int32).reshape(-1, 4)
        self._spec, self._margin, self._seed = spec, crop_margin, seed
        self._augment = augment
        self._jitter = CropJitter()

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int, int]:
        row = index % len(self)
        image = read_image(self._paths[row])
        box = Box(*(int(edge) for edge in self._boxes[row]))
        if self._augment is None:
            pixels = resize_crop(crop_face(image, box, self._margin), self._spec)
        else:
            pixels = self._drawn(image, box, index)
        return torch.from_numpy(normalise(pixels, self._spec)), int(self.labels[row]), row

    def _drawn(self, image: np.ndarray, box: Box, index: int) -> np.ndarray:
        """Return the augmented crop of one row, uint8 RGB at the network's side."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self._seed, index)) & 0x7FFFFFFF)
            crop = resize_crop(crop_face(image, self._jitter(box), self._margin), self._spec)
            tensor = torch.from_numpy(np.array(crop)).permute(2, 0, 1)
            assert self._augment is not None
            return self._augment(tensor).permute(1, 2, 0).contiguous().numpy()


class EpochSampler(Sampler[int]):
    """Draws the rows of one epoch, shuffled by (seed, epoch); every process draws the same.

    `balance="dataset"` draws both labels of a data set alike, and a data set by its size to the power of
    `dataset_power`: 1 is the sizes themselves, where a small source drowns, 0 is one share each, where its
    few pictures are learnt by heart. `balance="none"` takes every row once.
    """

    def __init__(self, dataset: FacesDataset, balance: str, seed: int, dataset_power: float = 0.5) -> None:
        self._length, self._seed, self._epoch = len(dataset), seed, 0
        self._weights = None if balance == "none" else _even_weights(dataset, dataset_power)

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch to draw next, counted from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 100_003 + self._epoch)
        if self._weights is None:
            rows = torch.randperm(self._length, generator=generator)
        else:
            rows = torch.multinomial(self._weights, self._length, replacement=True, generator=generator)
        return iter((rows + self._epoch * self._length).tolist())


def _even_weights(dataset: FacesDataset, power: float) -> torch.Tensor:
    """Return one weight per row: labels even within a data set, data sets by their size to the power."""
    names, labels = np.asarray(dataset.dataset_names), dataset.labels
    weights = np.zeros(len(dataset))
    for name in set(dataset.dataset_names):
        of_name = names == name
        present = set(labels[of_name].tolist())
        for label in present:
            rows = of_name & (labels == label)
            weights[rows] = of_name.sum() ** power / len(present) / rows.sum()
    return torch.from_numpy(weights)
