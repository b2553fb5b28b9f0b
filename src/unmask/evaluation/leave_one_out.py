"""Leave one source out: train on all data sets but one, score the detector on the one it never saw.

The mean AUC over the data sets says how a recipe does on faces from elsewhere, without touching a test set. As in
domain generalisation benchmarks (Gulrajani and Lopez-Paz, "In Search of Lost Domain Generalization", ICLR 2021).
"""

from __future__ import annotations

import json
import shlex
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from unmask.data.names import dataset_names, is_remote, short_path
from unmask.detector_folder import TRAIN_CONFIG
from unmask.errors import DataError, UnmaskError
from unmask.evaluation.samples import read_split, take_evenly
from unmask.evaluation.scoring import score_dataset
from unmask.evaluation.tables import number, render_table
from unmask.files import write_json, write_whole
from unmask.hub import load_detector
from unmask.metrics import METRICS
from unmask.schema import FAKE, REAL

RESULT, PAGE = "leave_one_out.json", "leave_one_out.md"
TRAINED_BY = "trained_by.json"
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
"""The exit codes of a training that was asked to stop."""


class RoundStopped(Exception):
    """A round's training was asked to stop, and has saved what it had; `code` is its exit code."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code


@dataclass(frozen=True)
class Round:
    """One data set left out: its name, the run's folder name, what was scored of it and the AUC."""

    left_out: str
    run: str
    scored: int
    available: int
    auc: float


def leave_one_out(
    data: Sequence[str],
    output: Path,
    flags: Sequence[str],
    *,
    script: Path,
    processes: int = 1,
    limit: int | None = None,
    run: Callable[[Sequence[str]], int] | None = None,
) -> list[Round]:
    """Train once without each data set and return what each detector reached on the one left out.

    A round whose detector is there already is not trained again, and one that was stopped goes on. Each run's folder
    says in `trained_by.json` by which flags and on which data sets.

    Args:
        data: The data sets, two or more of which hold both classes.
        output: The folder of the runs and of the result.
        flags: Further flags of `train/train.py`, such as `--config train/recipes/default.yaml`.
        script: Where `train/train.py` lies.
        processes: Training processes side by side.
        limit: Score at most so many pictures of the data set left out, chosen evenly.
        run: Called with the command of each training and returns its exit code; None starts it.

    Raises:
        DataError: There are fewer than two data sets or one twice, one lacks a class, the flags name data, or a round
            was trained by other flags or on other data sets.
        UnmaskError: A training failed.
        RoundStopped: A training was stopped by Ctrl-C or SIGTERM, and has saved what it had.
    """
    if len(data) < 2:
        raise DataError("To leave one data set out, name two or more: --data ROOT --data ROOT.")
    if len({_place(root) for root in data}) < len(data):
        raise DataError("A data set is named twice, and would be trained on when it is left out. Name each once.")
    if any(flag.partition("=")[0] == "--data" for flag in flags):
        raise DataError("After -- stands --data, which would be trained on in every round. Name all data before it.")
    pictures = {root: read_split(root) for root in data}
    if lacking := [root for root, samples in pictures.items() if {s.label for s in samples} != {REAL, FAKE}]:
        raise DataError(f"{lacking[0]} holds one class alone: no AUC can be had on it. Leave it out of --data.")
    if limit is not None and limit < 2:
        raise DataError(f"--limit is {limit}: an AUC wants a real and a fake picture. Give 2 or more.")
    how = {"flags": list(flags), "config": _config_of(flags), "processes": processes}
    rounds = []
    for left, name in zip(data, dataset_names(data), strict=True):
        folder = output / f"without-{name.replace('/', '-')}"
        _train([root for root in data if root != left], folder, how, _command(script, processes), run or _start)
        samples = pictures[left]
        picked = samples if limit is None else take_evenly(samples, limit)
        scores = score_dataset(load_detector(folder / "detector"), picked, root=left, available=len(samples))
        auc = METRICS["auc"](*scores.labels_and_scores())
        rounds.append(Round(name, folder.name, len(scores.scored), len(samples), auc))
        _write(output, rounds, data, flags, processes, limit)
        print(f"without {rounds[-1].left_out}: AUC {auc:.3f} on {rounds[-1].scored} of its pictures")
    print(f"mean AUC of the data sets left out: {mean_auc(rounds):.3f}\nReport: {output / PAGE}")
    return rounds


def mean_auc(rounds: Sequence[Round]) -> float:
    """Return the mean AUC over the data sets left out, each counted once."""
    return statistics.fmean(each.auc for each in rounds)


def compare_recipes(outputs: Sequence[Path]) -> str:
    """Return several recipes' results side by side as a Markdown table, the first being the plain one.

    Means and gains are over the data sets that each recipe has left out: one that was stopped has fewer.

    Raises:
        DataError: A folder holds no result, or no data set was left out by all.
    """
    found = [{each["left_out"]: each["auc"] for each in read_result(output)["rounds"]} for output in outputs]
    names = list(dict.fromkeys(name for aucs in found for name in aucs))
    common = [name for name in names if all(name in aucs for aucs in found)]
    if not common:
        raise DataError("No data set was left out by all of these. Compare results on the same data.")
    means = [statistics.fmean(aucs[name] for name in common) for aucs in found]
    rows = [
        [output.name, *(number(aucs.get(name)) for name in names), number(mean), f"{mean - means[0]:+.3f}"]
        for output, aucs, mean in zip(outputs, found, means, strict=True)
    ]
    return render_table(["Recipe", *names, f"Mean of {len(common)}", "Against the first"], rows)


def read_result(output: Path) -> dict[str, Any]:
    """Return what `leave_one_out` wrote into a folder.

    Raises:
        DataError: There is none, or it is damaged.
    """
    try:
        result: dict[str, Any] = json.loads((output / RESULT).read_text(encoding="utf-8"))
        result["rounds"], result["mean_auc"] = list(result["rounds"]), float(result["mean_auc"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{output} holds no whole {RESULT} ({type(error).__name__}). Run leave_one_out.py.") from None
    return result


def _train(
    data: Sequence[str],
    folder: Path,
    how: Mapping[str, Any],
    command: Sequence[str],
    run: Callable[[Sequence[str]], int],
) -> None:
    """Train into the folder unless a detector is there; raise DataError if that was trained otherwise."""
    asked = {**how, "data": sorted(_place(root) for root in data)}
    if (folder / "detector" / TRAIN_CONFIG).is_file():  # written last: a kill may have left a part of a folder
        record = _trained_by(folder)
        if record is None or any(record.get(key, value) != value for key, value in asked.items()):
            raise DataError(
                f"{folder} was trained by other flags or processes or on other data sets ({TRAINED_BY} there). "
                "Go on with those, or name another --output."
            )
        print(f"{folder} is trained already")
        return
    # Before the training, so that no kill leaves a detector of which it is not known what it was trained by.
    write_json(folder / TRAINED_BY, asked)
    words = [*command, *how["flags"]]
    for root in data:
        words += ["--data", root]
    words += ["--output", str(folder)]
    if (folder / "checkpoints").is_dir():
        words.append("--resume")
    code = run(words)
    if code in STOPPED:
        raise RoundStopped("The rounds that are done are kept; the same command goes on where it stopped.", code)
    if code:
        raise UnmaskError(f"The training into {folder} ended with code {code}; what it said stands above.")


def _command(script: Path, processes: int) -> list[str]:
    """Return the words that start the training script in so many processes."""
    if processes == 1:
        return [sys.executable, str(script)]
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes)]
    # Without a GPU accelerate starts several processes only if it is told so (ADR 0007).
    on_cpu = [] if torch.cuda.is_available() else ["--cpu"]
    return [*launch, *on_cpu, "--num_cpu_threads_per_process", "1", str(script)]


def _config_of(flags: Sequence[str]) -> str | None:
    """Return what the recipe that the flags name says now, None where they name none or it cannot be read.

    A recipe is edited under the same name, and its rounds are then no longer those of before.
    """
    with suppress(OSError, ValueError):
        for flag, following in zip(flags, [*flags[1:], ""], strict=True):
            name, equals, value = flag.partition("=")
            if name == "--config":
                return Path(value if equals else following).read_text(encoding="utf-8")
    return None


def _place(root: str) -> str:
    """Return what tells a data set from all others, on this machine."""
    return root if is_remote(root) else str(Path(root).resolve())


def _trained_by(folder: Path) -> dict[str, Any] | None:
    """Return what a finished round was trained by, None where that cannot be read; an older one says less."""
    try:
        record = json.loads((folder / TRAINED_BY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and {"flags", "data"} <= record.keys() else None


def _start(words: Sequence[str]) -> int:
    """Run a training and return its exit code, which is 130 or 143 where a signal stopped it.

    Signals are passed on and waited out: `subprocess.run` would kill a training that is saving its checkpoint.
    """
    process = subprocess.Popen(words)

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)  # nothing where it has ended

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _write(
    output: Path, rounds: Sequence[Round], data: Sequence[str], flags: Sequence[str], processes: int, limit: int | None
) -> None:
    """Write the rounds that are done as JSON and Markdown."""
    command = ["python", "train/leave_one_out.py"]
    for root in data:
        command += ["--data", short_path(root)]
    command += ["--processes", str(processes)] * (processes > 1)
    command += ["--limit", str(limit)] * (limit is not None)
    command += ["--output", f"runs/{output.name}", "--", *(short_path(flag) for flag in flags)]
    result = {
        "date": date.today().isoformat(),
        "command": shlex.join(command),
        "mean_auc": mean_auc(rounds),
        "rounds": [asdict(each) for each in rounds],
    }
    write_json(output / RESULT, result)
    rows = [[each.left_out, number(each.auc), f"{each.scored:,} of {each.available:,}"] for each in rounds]
    table = render_table(["Left out", "AUC", "Pictures scored"], [*rows, ["mean", number(mean_auc(rounds)), ""]])
    page = f"# Leave one source out\n\n{table}\n\n{result['date']}: `{result['command']}`\n"
    write_whole(output / PAGE, page.encode())
