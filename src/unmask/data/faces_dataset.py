"""Labelled pictures to model inputs: finds each face once, then crops, augments and normalises.

The table is a `datasets.Dataset` with an explicit `ClassLabel(["real", "fake"])`; finding the faces is a
`map` over it, which `datasets` caches, so a second run starts at once.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import torch
from datasets import ClassLabel, Dataset, Features, Value
from datasets import Sequence as ListOf
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import Sampler

from unmask.errors import DataError, UnmaskError
from unmask.media.faces import FaceFinder, make_face_finder
from unmask.media.images import read_image
from unmask.preprocessing import crop_face, normalise, resize_crop
from unmask.schema import LABEL_NAMES, Box, InputSpec, Sample

FEATURES = Features(
    {
        "path": Value("string"),
        "label": ClassLabel(names=list(LABEL_NAMES)),
        "dataset": Value("string"),
        "source_id": Value("string"),
        "method": Value("string"),
    }
)
CACHE_VERSION = 1  # raise it when a face finder comes to give other boxes
FOUND = Features({**FEATURES, "box": ListOf(Value("int32")), "problem": Value("string")})


def face_table(samples: Sequence[tuple[str, Sample]], face_model: Path | None, processes: int = 2) -> Dataset:
    """Return a table with one row per sample and its largest face's box.

    `samples` are pairs of data set name and sample. Rows whose picture could not be read or holds no face
    keep an empty `box` and say why in `problem`; `usable_rows` counts and drops them.
    """
    rows = [
        {"path": s.path, "label": s.label, "dataset": name, "source_id": f"{name}/{s.source_id}", "method": s.method}
        for name, s in samples
    ]
    if not rows:
        raise DataError("There is no picture to learn from. Check --data.")
    table = Dataset.from_list(rows, features=FEATURES)
    return table.map(
        _find_face,
        fn_kwargs={"face_model": str(face_model) if face_model else ""},
        features=FOUND,
        num_proc=min(processes, len(rows)) if processes > 1 else None,
        cache_file_name=str(_cache_file(rows, face_model)),
        load_from_cache_file=True,
        desc="Finding faces",
    )


def usable_rows(table: Dataset) -> tuple[Dataset, dict[str, int]]:
    """Return the rows that have a face, and how many rows were left out for which reason."""
    problems = table["problem"]
    counts = {problem: sum(p == problem for p in problems) for problem in sorted(set(problems) - {""})}
    return table.select([index for index, problem in enumerate(problems) if problem == ""]), counts


def _cache_file(rows: Sequence[dict[str, Any]], face_model: Path | None) -> Path:
    """Return where the boxes of these very files, found by this finder, are kept for the next run."""
    digest = hashlib.sha256(f"{CACHE_VERSION} {face_model.name if face_model else 'haar'}".encode())
    for row in rows:
        status = Path(row["path"]).stat()
        digest.update(repr((sorted(row.items()), status.st_size, status.st_mtime_ns)).encode())
    folder = Path(datasets.config.HF_DATASETS_CACHE) / "unmask-faces"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{digest.hexdigest()[:32]}.arrow"


@functools.lru_cache(maxsize=2)
def _finder(face_model: str) -> FaceFinder:
    return make_face_finder(Path(face_model) if face_model else None)


def _find_face(row: dict[str, Any], face_model: str) -> dict[str, Any]:
    """Add the largest face's box to a row, or the reason why there is none."""
    try:
        faces = _finder(face_model).find_faces(read_image(row["path"]))
    except UnmaskError:
        return {"box": [], "problem": "unreadable"}
    if not faces:
        return {"box": [], "problem": "no_face"}
    return {"box": faces[0].box.as_list(), "problem": ""}


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
