"""Whole runs on drawn faces: what the command writes, that it learns, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.detector_folder import FILES, check_folder
from unmask.errors import TrainingError, UnmaskError
from unmask.training.config import TrainConfig
from unmask.training.loop import train
from unmask.training.trackers import PACKAGES
from unmask.training.validating import validation_figures

ROOT = Path(__file__).parents[2]
Tiny = Callable[..., TrainConfig]


def launch(*arguments: str, processes: int = 1) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", str(processes)]
    command += ["--num_cpu_threads_per_process", "1", "train/train.py", *arguments]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400, check=False)


@pytest.fixture(scope="module")
def launched(drawn_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one run by the README's command."""
    output = tmp_path_factory.mktemp("runs") / "first"
    flags = "--backbone test_resnet --input-size 64 --epochs 6 --batch-size 8 --lr 3e-3 --workers 0 --seed 1".split()
    done = launch("--data", str(drawn_data), "--output", str(output), "--augmentations", '["flip"]', *flags)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "unmask predict --detector" in done.stdout
    return output


def test_the_command_writes_a_whole_detector_folder(launched: Path) -> None:
    folder = launched / "detector"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    check_folder(folder)
    report = json.loads((folder / "report.json").read_text())
    assert report["datasets"][0]["split"] == "validation"
    assert (launched / "curves.png").stat().st_size > 5000


def test_the_run_learnt_the_mark(launched: Path) -> None:
    history = json.loads((launched / "history.json").read_text())
    assert len(history) == 6
    assert max(entry["validation_auc"] for entry in history) > 0.9


def test_the_detector_judges(launched: Path, drawn_data: Path) -> None:
    prediction = Detector(launched / "detector").predict_image(drawn_data / "real/real-0.png")
    assert prediction.verdict in ("real", "uncertain", "fake")


def test_no_source_stands_on_both_sides(launched: Path) -> None:
    with (launched / "split.csv").open() as file:
        rows = list(csv.DictReader(file))
    sides = {side: {r["source_id"] for r in rows if r["split"] == side} for side in ("train", "validation")}
    assert sides["train"]
    assert sides["validation"]
    assert not sides["train"] & sides["validation"]


def test_nothing_of_this_machine_is_in_the_folder(launched: Path) -> None:
    for name in ("config.json", "train_config.json", "report.json", "README.md"):
        assert str(launched.parent) not in (launched / "detector" / name).read_text()
    assert str(ROOT).encode() not in (launched / "detector" / "model.onnx").read_bytes()


def test_a_second_run_does_not_overwrite_the_first(tiny: Tiny, launched: Path) -> None:
    with pytest.raises(TrainingError, match="already holds a run"):
        train(tiny("any", output=str(launched)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": []}, "no data to train on"),  # no folder named
        ({"resume": True}, "no checkpoint"),  # nothing to go on from
        ({"batch_size": 500}, "fewer than one batch"),  # a batch larger than the data
        (
            {"log_with": ["trackio"]},
            "--log-with trackio needs it installed: pip install ",
        ),  # a tracker that is not installed
        ({"loss": "guess"}, "no loss"),  # not a loss of ours
        ({"epochs": 0}, "--epochs is 0. Give a number from 1 up"),  # nothing to do
        ({"label_smoothing": 2.0}, "from 0 to 1"),  # no share
        ({"workers": -1}, "--workers is -1"),  # fewer than none
        ({"ema": 1.5}, "EMA decay"),  # no average
        ({"backbone_args": {"depht": 3}}, "depht"),  # not an argument of the network
        ({"backbone": "no_such_net"}, "no_such_net"),  # not a timm name
        ({"init_weights": "nowhere/at-all"}, "Could not start from"),  # no such weights
    ],
)
def test_a_run_that_cannot_start_says_why(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], message: str
) -> None:
    config = tiny("out", **{"epochs": 1, **changes})
    monkeypatch.setitem(PACKAGES, "trackio", "a_package_that_nobody_has")
    with pytest.raises(UnmaskError, match=message):
        train(config)


def test_swaps_that_cannot_be_made_are_told(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    train(tiny("out", self_blended=0.2, swapped=0.5, dry_run=True))
    assert "--swapped does nothing" in capsys.readouterr().out


def test_one_class_alone_cannot_be_trained(tiny: Tiny, tmp_path: Path) -> None:
    for split in ("train", "validation"):
        folder = tmp_path / "data" / split / "real"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"x")
    with pytest.raises(UnmaskError, match="fake"):
        train(tiny("out", data=[str(tmp_path / "data")]))


def test_pictures_without_a_face_cannot_be_trained_on(tiny: Tiny, tmp_path: Path) -> None:
    for label in ("real", "fake"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for shade in range(8):
            Image.new("RGB", (64, 64), (30 * shade, 80, 80)).save(tmp_path / "data" / label / f"{shade}.png")
    with pytest.raises(
        TrainingError, match=r"No face was found in the training pictures that are real; of both classes \d+ no_face"
    ):
        train(tiny("out", data=[str(tmp_path / "data")]))


def test_the_validation_auc_is_the_mean_over_data_sets() -> None:
    """A network that only tells the sources apart scores chance, though its pooled AUC is high."""
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    names = np.array(["a"] * 4 + ["b"] * 4)
    logits = np.stack([np.zeros(8), np.where(names == "a", -2.0, 2.0)], axis=1)
    assert validation_figures(logits, labels, names)["validation_auc"] == 0.5


def test_a_small_data_set_counts_by_the_root_of_its_rarer_class() -> None:
    """Nine pairs all right and one pair wrong beside eight more reals: weights of 3 and 1."""
    labels = np.array([0] * 9 + [1] * 9 + [0] * 9 + [1])
    names = np.array(["large"] * 18 + ["small"] * 10)
    logits = np.stack([np.zeros(28), np.array([-1.0] * 9 + [1.0] * 9 + [1.0] * 9 + [-1.0])], axis=1)
    figures = validation_figures(logits, labels, names)
    assert figures["validation_auc_by_dataset"] == {"large": 1.0, "small": 0.0}
    assert figures["validation_auc"] == 0.75
