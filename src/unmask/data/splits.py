"""Cutting samples into sides so that no source stands on two of them.

    python -m unmask.data.splits ROOT --ratios 0.7 0.15 0.15

cuts a data set by source and writes `split.csv` into it, which every later reading of the folder follows.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from unmask.data.split_file import SPLIT_FILE, write_split
from unmask.errors import DataError, UnmaskError
from unmask.schema import LABEL_NAMES, Sample


def split_by_source(samples: Iterable[Sample], ratios: Mapping[str, float], seed: int) -> dict[str, list[Sample]]:
    """Cut samples into sides by source, with every label that occurs on every side.

    All samples of a source go to one side. Each label is shared out by `ratios` as nearly as whole
    sources allow. The result depends on the samples, the ratios and the seed, not on the samples' order.

    Args:
        samples: Samples with unique paths.
        ratios: The sides and their shares, above 0 and 1 in sum, e.g. `{"train": 0.8, "validation": 0.2}`.
        seed: Another seed, another cut.

    Raises:
        DataError: The ratios are no shares, or a label has fewer sources than there are sides.

    Example:
        >>> clips = [Sample(f"{n}.jpg", n % 2, str(n), str(n), "m") for n in range(10)]
        >>> {side: len(part) for side, part in split_by_source(clips, {"a": 0.8, "b": 0.2}, 0).items()}
        {'a': 8, 'b': 2}
    """
    _check_ratios(ratios)
    sources: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda sample: sample.path):
        sources[sample.source_id].append(sample)
    side_of = _assign({name: Counter(s.label for s in part) for name, part in sources.items()}, ratios, seed)
    splits: dict[str, list[Sample]] = {side: [] for side in ratios}
    for name, part in sources.items():
        splits[side_of[name]].extend(part)
    for part in splits.values():
        part.sort(key=lambda sample: sample.path)
    check_disjoint(splits)
    return splits


def choose_splits(
    samples: Iterable[Sample], seed: int, validation_fraction: float
) -> tuple[list[Sample], list[Sample]]:
    """Return the training and the validation samples of one data set.

    The data set's own validation split is used where it has one; otherwise `validation_fraction` of the
    training samples is cut off by source. Test samples are in neither. Some published splits put one
    footage on two sides (Celeb-DF's does): such samples are left out of training, and of validation
    where the other side is the test, with a warning that counts them.

    Raises:
        DataError: There is nothing to train on, or there are too few sources to cut.
    """
    splits: dict[str, list[Sample]] = {"train": [], "validation": [], "test": []}
    for sample in sorted(samples, key=lambda sample: sample.path):
        splits[sample.split or "train"].append(sample)
    held = ", ".join(f"{len(part)} {side}" for side, part in splits.items() if part) or "no"
    validation = _leave_out(splits["validation"], splits["test"], "validation")
    train = _leave_out(splits["train"], [*splits["validation"], *splits["test"]], "training")
    if not train:
        raise DataError(f"Nothing to train on: the data set holds {held} samples. Add a training part.")
    if validation:
        check_disjoint({"train": train, "validation": validation, "test": splits["test"]})
        return train, validation
    cut = split_by_source(train, {"train": 1 - validation_fraction, "validation": validation_fraction}, seed)
    return cut["train"], cut["validation"]


def cut_splits(samples: Sequence[Sample], ratios: Mapping[str, float], seed: int) -> dict[str, list[Sample]]:
    """Return the sides of one data set: its own where it has them, the others cut from its training part.

    Without splits of its own the whole set is cut by `ratios`. With a test part alone, say, that part stays and
    validation is cut from the rest, in the proportion that `ratios` gives it there.

    Raises:
        DataError: The ratios are no shares, or there are too few sources to cut.
    """
    _check_ratios(ratios)
    own: dict[str, list[Sample]] = {side: [] for side in ratios}
    for sample in samples:
        own.setdefault(sample.split or "train", []).append(sample)
    wanted = {side: ratios[side] for side in ratios if side == "train" or not own[side]}
    if set(wanted) != {"train"}:
        total = sum(wanted.values())
        own |= split_by_source(own["train"], {side: share / total for side, share in wanted.items()}, seed)
    return {side: part for side, part in own.items() if part}


def check_disjoint(splits: Mapping[str, Sequence[Sample]]) -> None:
    """Raise DataError when a source or a file stands on two sides, or a file twice on one."""
    side_of_source: dict[str, str] = {}
    side_of_path: dict[str, str] = {}
    for side, part in splits.items():
        for sample in part:
            other = side_of_source.setdefault(sample.source_id, side)
            if other != side:
                raise DataError(
                    f"The source {sample.source_id} stands in {other} and in {side} ({sample.path}). "
                    "Move all its pictures to one side."
                )
            if sample.path in side_of_path:
                raise DataError(f"{sample.path} comes twice. Keep one.")
            side_of_path[sample.path] = side


def _leave_out(part: Sequence[Sample], others: Iterable[Sample], side: str) -> list[Sample]:
    """Return the samples whose source does not stand in the others, with a warning for the rest."""
    sources = {sample.source_id for sample in others}
    kept = [sample for sample in part if sample.source_id not in sources]
    if len(kept) < len(part):
        warnings.warn(
            f"{len(part) - len(kept)} of {len(part)} samples are left out of {side}: "
            "the data set's own split has their footage on another side too.",
            stacklevel=3,
        )
    return kept


def _check_ratios(ratios: Mapping[str, float]) -> None:
    """Raise DataError unless the ratios are positive shares of 1."""
    if not ratios or min(ratios.values()) <= 0 or not math.isclose(sum(ratios.values()), 1, abs_tol=1e-6):
        raise DataError(f"The ratios {dict(ratios)} are not shares above 0 that add up to 1.")


def _assign(counts: Mapping[str, Counter[int]], ratios: Mapping[str, float], seed: int) -> dict[str, str]:
    """Return the side of every source: first one source of each label per side, then the rest by need."""
    side_of = _seed_sides(counts, ratios, seed)
    totals = sum(counts.values(), Counter[int]())
    held: dict[str, Counter[int]] = {side: Counter() for side in ratios}
    for name, side in side_of.items():
        held[side] += counts[name]
    for name in _largest_first(set(counts) - set(side_of), counts, seed):
        fill = {
            side: sum((held[side][y] + n) / (share * totals[y]) for y, n in counts[name].items())
            for side, share in ratios.items()
        }
        side_of[name] = min(fill, key=lambda side: fill[side])
        held[side_of[name]] += counts[name]
    return side_of


def _seed_sides(counts: Mapping[str, Counter[int]], ratios: Mapping[str, float], seed: int) -> dict[str, str]:
    """Give every side a source of each label: sources of both labels first, then one of each kind."""
    sides = sorted(ratios, key=lambda side: -ratios[side])
    labels = sorted({label for count in counts.values() for label in count})
    side_of: dict[str, str] = {}
    mixed = [name for name in counts if len(counts[name]) == len(labels)]
    chosen = _drawn(mixed, seed)[: len(sides)]
    side_of.update(zip(_largest_first(chosen, counts, seed), sides, strict=False))
    wanting = sides[len(chosen) :]
    for label in labels if wanting else []:
        pure = [name for name in counts if list(counts[name]) == [label] and name not in side_of]
        if len(pure) < len(wanting):
            raise DataError(
                f"The {LABEL_NAMES[label]} samples come from {len(chosen) + len(pure)} source(s), "
                f"too few to stand in {' and '.join(ratios)}. Add data, or a validation folder."
            )
        drawn = _largest_first(_drawn(pure, seed)[: len(wanting)], counts, seed)
        side_of.update(zip(drawn, wanting, strict=True))
    return side_of


def _drawn(names: Iterable[str], seed: int) -> list[str]:
    """Return names in an order drawn by the seed, the same on every machine."""
    return sorted(names, key=lambda name: (hashlib.sha256(f"{seed}:{name}".encode()).digest(), name))


def _largest_first(names: Iterable[str], counts: Mapping[str, Counter[int]], seed: int) -> list[str]:
    """Return names by falling number of samples, drawn by the seed where equal."""
    return sorted(_drawn(names, seed), key=lambda name: -sum(counts[name].values()))


def main(arguments: list[str]) -> int:
    """Cut the data set that the arguments name, write the cut and say what it holds."""
    parser = argparse.ArgumentParser(prog="python -m unmask.data.splits", description="Cut a data set by source.")
    parser.add_argument("root", type=Path, help="the data set's folder")
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.8, 0.2], help="train, validation and test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layout", help="the layout's name; recognised where not given")
    parser.add_argument("--output", type=Path, help=f"where to write; {SPLIT_FILE} in the folder where not given")
    options = parser.parse_args(arguments)
    if len(options.ratios) not in (2, 3):
        parser.error("give two ratios (train, validation) or three (train, validation, test)")
    try:
        _cut_and_write(options)
    except UnmaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _cut_and_write(options: argparse.Namespace) -> None:
    from unmask.data.layouts import read_samples  # the layouts read `split.csv` themselves

    output = options.output or options.root / SPLIT_FILE
    samples = read_samples(options.root, options.layout, follow_split_file=False)
    ratios = dict(zip(("train", "validation", "test"), options.ratios, strict=False))
    splits = cut_splits(samples, ratios, options.seed)
    write_split(output, splits)
    for side, part in splits.items():
        counts = Counter(LABEL_NAMES[sample.label] for sample in part)
        sources = len({sample.source_id for sample in part})
        print(f"{side:<10} {counts['real']:>7} real {counts['fake']:>7} fake {sources:>7} sources")
    print(f"Written: {output}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
