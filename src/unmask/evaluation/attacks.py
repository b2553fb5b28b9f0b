"""Adversarial attacks: how many faces a detector still judges rightly when each was changed to mislead it.

The attacks are those of the Adversarial Robustness Toolbox (the `attacks` extra). PGD knows the network (Madry et al.,
ICLR 2018); the square attack only asks it for its logits (Andriushchenko et al., ECCV 2020). No pixel changes by more
than a few levels of 255, which no eye sees. The changed faces are rounded to whole levels, as a file holds them, and
judged by the detector as it serves.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from unmask.errors import MetricError
from unmask.evaluation.judged_faces import JudgedFace, judge_faces
from unmask.evaluation.tables import render_table, with_interval
from unmask.files import write_json, write_whole
from unmask.metrics.auc import auc
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.confusion import THRESHOLD
from unmask.registry import Registry
from unmask.schema import Sample

if TYPE_CHECKING:
    from unmask.detector import Detector

FORMAT_VERSION = 1
LEVELS = (2, 4)
"""How far a pixel may stray, in levels of 255."""
PGD_STEPS, PGD_REACH = 10, 2.5
SQUARE_QUERIES = 100
BATCH, SEED = 8, 0

ATTACKS: Registry[Callable[[Any, float], Any]] = Registry("attack", package=__name__)
"""Every attack by name; from the toolbox's classifier and the largest change, in [0, 1], to the toolbox's attack."""


@ATTACKS.register("pgd")
def make_pgd(classifier: Any, radius: float) -> Any:
    """Return projected gradient descent from a random start; it needs the weights."""
    from art.attacks.evasion import ProjectedGradientDescent

    step = PGD_REACH * radius / PGD_STEPS
    return ProjectedGradientDescent(
        classifier, eps=radius, eps_step=step, max_iter=PGD_STEPS, num_random_init=1, batch_size=BATCH, verbose=False
    )


@ATTACKS.register("square")
def make_square(classifier: Any, radius: float) -> Any:
    """Return the square attack, which needs no weights, only answers."""
    from art.attacks.evasion import SquareAttack

    return SquareAttack(classifier, eps=radius, max_iter=SQUARE_QUERIES, batch_size=BATCH, verbose=False)


@dataclass(frozen=True)
class AttackScores:
    """What one attack left of a detector's scores on one data set; `clean` and `attacked` are probabilities [N].

    `sources` are of each face: whole ones are drawn for the 95 % intervals.
    """

    detector: str
    dataset: str
    attack: str
    levels: int
    labels: np.ndarray
    sources: tuple[str, ...]
    clean: np.ndarray
    attacked: np.ndarray
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON has them; `turned` is the share of right answers that the attack made wrong."""
        right, still = (((scores >= THRESHOLD) == self.labels) for scores in (self.clean, self.attacked))
        return {
            "detector": self.detector,
            "dataset": self.dataset,
            "attack": self.attack,
            "levels": self.levels,
            "faces": len(self.labels),
            "left_out": self.left_out,
            "clean": self._figures(self.clean),
            "attacked": self._figures(self.attacked),
            "turned": float((right & ~still).sum() / right.sum()) if right.any() else None,
        }

    def _figures(self, scores: np.ndarray) -> dict[str, Any]:
        both = len(np.unique(self.labels)) == 2  # of one class alone there is an accuracy and no AUC
        right = (scores >= THRESHOLD) == self.labels

        def resample(weights: np.ndarray) -> dict[str, np.ndarray]:
            areas = {"auc": np.asarray(auc(self.labels, scores, weights))} if both else {}
            return areas | {"accuracy": weights @ right / weights.sum(axis=1)}

        intervals = bootstrap_intervals(resample, self.sources)
        return {
            "auc": auc(self.labels, scores) if both else None,
            "auc_interval": intervals.get("auc"),
            "accuracy": float(right.mean()),
            "accuracy_interval": intervals["accuracy"],
        }


def attack_dataset(
    detector: Detector,
    samples: Sequence[Sample],
    name: str,
    *,
    attacks: Sequence[str] = ("pgd", "square"),
    levels: Sequence[int] = LEVELS,
    progress: bool = True,
) -> list[AttackScores]:
    """Return what each attack, at each strength, leaves of the detector's scores on a data set.

    The faces are the crops of serving at the network's side. Repeated with the same samples it gives the same.

    Args:
        detector: whose network, read strictly from its folder, is attacked.
        samples: labelled pictures; some 60 take minutes on a CPU.
        name: the data set's.
        attacks: names of ATTACKS.
        levels: the largest changes of a pixel, in levels of 255.
        progress: show progress bars on a terminal.

    Raises:
        MetricError: the toolbox is missing, no picture has a face, or a strength is not from 1 to 255.
        BrokenDetector: the folder's weights are not those of its config.
        UnmaskError: there is no attack of that name.
    """
    makers = [(attack, ATTACKS[attack]) for attack in attacks]
    if not levels or not all(1 <= level <= 255 for level in levels):
        raise MetricError(
            f"Levels {', '.join(map(str, levels)) or '(none)'} are not from 1 to 255. Give some such as 2."
        )
    classifier = _classifier(detector)
    faces = list(judge_faces(detector, samples, f"Faces, {name}", progress=progress))
    if not faces:
        raise MetricError(f"None of {len(samples)} pictures of {name} has a face to attack. Give others.")
    labels, sources = np.array([face.label for face in faces]), tuple(face.source_id for face in faces)
    clean = detector.score_faces([face.pixels for face in faces])
    found = []
    for attack, make in makers:
        for level in levels:
            title = f"{attack} {level}/255, {name}"
            with tqdm(total=len(faces), desc=title, unit="face", disable=None if progress else True) as bar, _seeded():
                changed = _change(make(classifier, level / 255), faces, bar)
            scores = detector.score_faces(changed)
            left_out = len(samples) - len(faces)
            found.append(AttackScores(detector.name, name, attack, level, labels, sources, clean, scores, left_out))
    return found


def render_attacks(found: Sequence[AttackScores]) -> str:
    """Return the attacks as a Markdown table, with what was done in words."""
    head = ["Detector", "Data set", "Attack", "Change", "Faces", "AUC, clean", "AUC, attacked"]
    head += ["Accuracy, clean", "Accuracy, attacked", "Right answers turned wrong"]
    rows = []
    for each in found:
        figures = each.to_dict()
        clean, attacked, turned = figures["clean"], figures["attacked"], figures["turned"]
        row = [each.detector, each.dataset, each.attack, f"{each.levels}/255", str(figures["faces"])]
        for measure in ("auc", "accuracy"):
            row += [with_interval(each[measure], each[f"{measure}_interval"]) for each in (clean, attacked)]
        rows.append([*row, "–" if turned is None else f"{turned:.0%}"])
    return (
        "# Attacks\n\nEvery face was changed against its true label by at most so many of 255 levels a pixel, rounded "
        f"to whole levels and judged again. `pgd` knows the weights ({PGD_STEPS} steps); `square` only asks for logits "
        f"({SQUARE_QUERIES} rounds). An AUC below 0.5 means that reals now look more fake than fakes do. In brackets "
        "95 % intervals, by source.\n\n"
        f"{render_table(head, rows, texts=4)}\n"
    )


def write_attacks(output: Path, found: Sequence[AttackScores]) -> Path:
    """Write attacks.json and attacks.md into a folder, each whole or not at all; return the page's path.

    Raises:
        DataError: the folder cannot be written.
    """
    report = {"format_version": FORMAT_VERSION, "date": datetime.date.today().isoformat()}
    write_json(output / "attacks.json", report | {"attacks": [each.to_dict() for each in found]})
    write_whole(output / "attacks.md", render_attacks(found).encode())
    return output / "attacks.md"


def _classifier(detector: Detector) -> Any:
    """Return the toolbox's view of a detector's network: pixels in [0, 1] to the two logits that it judges by."""
    try:
        from art.estimators.classification import PyTorchClassifier
    except ImportError:
        raise MetricError("Attacks need the package art. Install it: pip install 'unmask[train,attacks]'.") from None
    import torch

    from unmask.evaluation.served_network import ServedNetwork
    from unmask.export import read_model

    spec, mirrored = detector.input_spec, detector.settings.mirrored
    network = ServedNetwork(read_model(detector.folder), spec, mirrored)
    return PyTorchClassifier(
        network,
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=(3, spec.size, spec.size),
        nb_classes=2,
        clip_values=(0.0, 1.0),
        device_type="gpu" if torch.cuda.is_available() else "cpu",
    )


def _change(attack: Any, faces: Sequence[JudgedFace], bar: Any) -> list[np.ndarray]:
    """Return the faces' pixels as the attack changed them, uint8 RGB [S, S, 3] each."""
    changed: list[np.ndarray] = []
    for start in range(0, len(faces), BATCH):
        part = faces[start : start + BATCH]
        clean = np.stack([face.pixels for face in part])
        labels = np.eye(2, dtype=np.float32)[[face.label for face in part]]
        moved = attack.generate(clean.transpose(0, 3, 1, 2).astype(np.float32) / 255, labels)
        changed += list(np.rint(moved.transpose(0, 2, 3, 1) * 255).astype(np.uint8))
        bar.update(len(part))
    return changed


@contextmanager
def _seeded() -> Iterator[None]:
    """Seed the generators that the toolbox draws from, and put them back afterwards."""
    import torch

    state = np.random.get_state()
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        np.random.seed(SEED)
        try:
            yield
        finally:
            np.random.set_state(state)
