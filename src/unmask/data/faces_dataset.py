"""A table of faces to model inputs: each is cut out, augmented and normalised as it is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import Sampler

from unmask.augmentations.donor_face import misfits
from unmask.augmentations.self_blending import self_blend
from unmask.errors import DataError
from unmask.media.images import read_image
from unmask.preprocessing import crop_face, normalise, resize_crop
from unmask.schema import FAKE, REAL, Box, InputSpec

MOST_DRAWS = 1 << 24
"""Draws that are numbered for one epoch: a row never comes as often."""
DONORS_TRIED = 24
"""Of so many faces drawn the one whose landmarks fit best is the donor: enough for much the same turn of the head."""
MOST_SELF_BLENDED = 0.5
"""Above one half, blended fakes alone would outnumber the real faces that are left."""


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

    An index of `draw * len(self) + row` gives that row as it looks in that draw, which no other draw of the run
    repeats (`EpochSampler` numbers them). It depends on the seed and the index alone, so it is the same for any
    number of workers and processes.

    With `self_blended`, a real face becomes a fake one (`augmentations/self_blending.py`) in that share of
    its draws, and in half of them in a data set that has no fakes; its label is then 1, while `labels` stay
    those of the rows. Without `augment` a row is blended or not for good, as a validation set needs it. In the
    share `swapped` of the blended draws the face put in is another row's, of any data set and label, whose
    landmarks fit (`augmentations/donor_face.py`); that needs landmarks, which YuNet gives.

    With `worsen` an input is [6, S, S]: the face worsened, for the network that learns, and then as it was before,
    for its teachers.
    """

    def __init__(
        self,
        table: Dataset,
        spec: InputSpec,
        crop_margin: float,
        augment: Callable[[torch.Tensor], torch.Tensor] | None = None,
        worsen: Callable[[torch.Tensor], torch.Tensor] | None = None,
        seed: int = 0,
        self_blended: float = 0.0,
        swapped: float = 0.0,
        jitter: CropJitter = CropJitter(),
    ) -> None:
        """Read `table`; without `augment` (uint8 [3, S, S] to the same, as is `worsen`) crops are those of serving.

        Raises:
            DataError: `self_blended` is not between 0 and one half.
        """
        self.labels = np.asarray(table["label"])
        self.dataset_names = list(table["dataset"])
        self.source_ids = list(table["source_id"])
        self.blended_shares = blended_shares(self.labels, self.dataset_names, self_blended)
        self.paths = list(table["path"])
        self.boxes = np.asarray(table["box"], dtype=np.int32).reshape(-1, 4)
        self._landmarks = _landmarks_of(table)
        self.donors = np.flatnonzero(~np.isnan(self._landmarks[:, 0, 0])) if swapped else np.empty(0, np.int64)
        self._swapped = swapped
        self.spec, self._margin, self._seed = spec, crop_margin, seed
        self._augment, self._worsen = augment, worsen
        self._jitter = jitter

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int, int]:
        row = index % len(self)
        image, label = read_image(self.paths[row]), int(self.labels[row])
        box = Box(*(int(edge) for edge in self.boxes[row]))
        if self.blended_shares[row]:
            image, label = self._maybe_blended(image, box, index)
        if self._augment is None:
            views = [resize_crop(crop_face(image, box, self._margin), self.spec)]
        else:
            views = self._drawn(image, box, index)
        return torch.from_numpy(np.concatenate([normalise(view, self.spec) for view in views])), label, row

    def _maybe_blended(self, image: np.ndarray, box: Box, index: int) -> tuple[np.ndarray, int]:
        """Return a real row's picture and label in this draw."""
        row = index % len(self)
        generator = np.random.default_rng((abs(self._seed), index))
        if generator.random() >= self.blended_shares[row]:
            return image, REAL
        landmarks, donor = self._landmarks[row], None
        if np.isnan(landmarks).any():
            return self_blend(image, box, None, generator), FAKE
        if self._swapped and generator.random() < self._swapped:
            donor = self._donor_for(row, generator)
        return self_blend(image, box, landmarks.tolist(), generator, donor), FAKE

    def _donor_for(self, row: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the picture and landmarks of the best fitting of some faces of other sources, None without one."""
        drawn = generator.choice(self.donors, DONORS_TRIED).tolist()
        others = [other for other in drawn if self.source_ids[other] != self.source_ids[row]]
        if not others:
            return None
        best = others[int(misfits(self._landmarks[row], self._landmarks[others]).argmin())]
        return read_image(self.paths[best]), self._landmarks[best]

    def _drawn(self, image: np.ndarray, box: Box, index: int) -> list[np.ndarray]:
        """Return the augmented crop of one row, uint8 RGB at the network's side, after its worsened one if any."""
        assert self._augment is not None
        with seeded(hash((self._seed, index)) & 0x7FFFFFFF):
            crop = resize_crop(crop_face(image, self._jitter(box), self._margin), self.spec)
            seen = self._augment(torch.from_numpy(np.array(crop)).permute(2, 0, 1))
            views = [seen] if self._worsen is None else [self._worsen(seen), seen]
            return [view.permute(1, 2, 0).numpy() for view in views]


def _landmarks_of(table: Dataset) -> np.ndarray:
    """Return the five landmarks of each row, float64 [N, 5, 2], NaN where the face finder gave none."""
    found = np.full((len(table), 5, 2), np.nan)
    if "landmarks" in table.column_names:
        for row, numbers in enumerate(table["landmarks"]):
            if numbers:
                found[row] = np.reshape(numbers, (5, 2))
    return found


def blended_shares(labels: np.ndarray, names: list[str], share: float) -> np.ndarray:
    """Return for each row the share of its draws that self-blending turns into fakes, float64 [N].

    Fakes have none, reals `share`, and one half where their data set has no fake: there the blended ones
    are all that can stand against the real ones.

    Raises:
        DataError: `share` is not between 0 and one half.
    """
    if not 0 <= share <= MOST_SELF_BLENDED:
        raise DataError(f"self_blended is {share}. Give a share of the real faces from 0 to {MOST_SELF_BLENDED}.")
    shares = np.where(labels == REAL, float(share), 0.0)
    if share:
        with_fakes = {name for name, label in zip(names, labels.tolist(), strict=True) if label == FAKE}
        shares[[name not in with_fakes for name in names]] = 0.5
    return shares


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's generator for a while; sixty times cheaper than `fork_rng`, which looks for devices too."""
    state = torch.default_generator.get_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.default_generator.set_state(state)


class EpochSampler(Sampler[int]):
    """Draws the rows of one epoch, shuffled by (seed, epoch); every process draws the same.

    `balance="dataset"` draws both labels of a data set alike, and a data set by its size to the power of
    `dataset_power`: 1 is the sizes themselves, where a small source drowns, 0 is one share each, where its
    few pictures are learnt by heart. `balance="source"` also draws every source of a data set's label
    alike, however many pictures it has. `balance="none"` takes every row once.

    Labels are counted as they are drawn: where self-blending turns some reals into fakes, reals are drawn
    the more and the data set's own fakes the less.

    A row comes as often as its weight says, rounded up or down by chance (systematic resampling, Carpenter et
    al., 1999), where plain drawing would leave out a third of the rows of an epoch and show others four times.
    Each time it is another draw, so that a small source's pictures are never twice the same.
    """

    def __init__(self, dataset: FacesDataset, balance: str, seed: int, dataset_power: float = 0.5) -> None:
        self._length, self._seed, self._epoch = len(dataset), seed, 0
        self._weights = None if balance == "none" else _even_weights(dataset, dataset_power, balance == "source")

    def set_epoch(self, epoch: int) -> None:
        """Name the epoch to draw next, counted from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 100_003 + self._epoch)
        rows = torch.randperm(self._length, generator=generator)
        if self._weights is not None:
            ends = torch.cumsum(self._weights[rows], 0) * self._length / self._weights.sum()
            points = torch.arange(self._length) + torch.rand(1, generator=generator, dtype=torch.float64)
            drawn = rows[torch.searchsorted(ends, points).clamp(max=self._length - 1)]
            rows = drawn[torch.randperm(self._length, generator=generator)]
        seen: Counter[int] = Counter()
        for row in rows.tolist():
            yield (self._epoch * MOST_DRAWS + seen[row]) * self._length + row
            seen[row] += 1


def _even_weights(dataset: FacesDataset, power: float, by_source: bool) -> torch.Tensor:
    """Return one weight per row: labels even within a data set, data sets by their size to the power."""
    names, labels, sources = np.asarray(dataset.dataset_names), dataset.labels, np.asarray(dataset.source_ids)
    weights = np.zeros(len(dataset))
    for name in set(dataset.dataset_names):
        of_name = names == name
        real, fake = of_name & (labels == REAL), of_name & (labels == FAKE)
        real_share = _real_share(real, fake, dataset.blended_shares)
        for rows, share in ((real, real_share), (fake, 1 - real_share)):
            if rows.any():
                weights[rows] = of_name.sum() ** power * share * _parts(sources[rows], by_source)
    return torch.from_numpy(weights)


def _real_share(real: np.ndarray, fake: np.ndarray, blended: np.ndarray) -> float:
    """Return which share of a data set's draws are to be real rows, so that both labels come out even.

    If a share b of them is blended, the labels are even when `share * (1 - b)` is one half.
    """
    if not fake.any() or not real.any():
        return float(real.any())
    return 0.5 / (1 - float(blended[real].mean()))


def _parts(sources: np.ndarray, by_source: bool) -> np.ndarray:
    """Return each row's part of its group, which sum to one: all rows alike, or all sources alike."""
    if not by_source:
        return np.full(len(sources), 1 / len(sources))
    _, source, counts = np.unique(sources, return_inverse=True, return_counts=True)
    return 1 / (len(counts) * counts[source])
