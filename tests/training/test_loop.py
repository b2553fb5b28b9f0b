"""Whole runs on drawn faces: what they write, that they learn, resume, and run as two processes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from unmask.detector import Detector
from unmask.detector_folder import FILES, check_folder
from unmask.errors import TrainingError
from unmask.training.config import TrainConfig
from unmask.training.loop import train, validation_figures

ROOT = Path(__file__).parents[2]


def tiny(data: Path, output: Path, **changes: object) -> TrainConfig:
    base = {"backbone": "test_resnet", "input_size": 64, "batch_size": 8, "workers": 0, "seed": 1, "lr": 3e-3}
    return TrainConfig(data=[str(data)], output=str(output), augmentations=["flip"], **{**base, **changes})


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


def test_two_processes_train_the_same_kind_of_detector(drawn_data: Path, tmp_path: Path) -> None:
    flags = ["--backbone", "test_resnet", "--input-size", "64", "--epochs", "1", "--batch-size", "4", "--workers", "0"]
    done = launch("--data", str(drawn_data), "--output", str(tmp_path / "two"), *flags, processes=2)
    assert done.returncode == 0, done.stderr[-2000:]
    check_folder(tmp_path / "two" / "detector")
    assert done.stdout.count("epoch 1:") == 1
    assert "2 process(es)" in done.stdout


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(drawn_data: Path, tmp_path: Path) -> None:
    whole = train(tiny(drawn_data, tmp_path / "whole", epochs=2)).folder
    stopped = tiny(drawn_data, tmp_path / "stopped", epochs=2)
    _stop_after_first_epoch(stopped)
    resumed = train(tiny(drawn_data, tmp_path / "stopped", epochs=2, resume=True)).folder
    first, second = (load_file(folder / "model.safetensors") for folder in (whole, resumed))
    assert first.keys() == second.keys()
    assert all(np.allclose(first[name], second[name], atol=1e-6) for name in first)


def _stop_after_first_epoch(config: TrainConfig) -> None:
    """Run the configuration and leave it in the second epoch, as Ctrl-C does."""
    from unmask.training import loop

    class StoppedError(Exception):
        pass

    whole_epoch = loop._Run._train_epoch

    def one_epoch(run: object, epoch: int) -> dict[str, float]:
        if epoch:
            raise StoppedError
        return whole_epoch(run, epoch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop._Run, "_train_epoch", one_epoch)
        with pytest.raises(StoppedError):
            train(config)


def test_a_second_run_does_not_overwrite_the_first(drawn_data: Path, launched: Path) -> None:
    with pytest.raises(TrainingError, match="already holds a run"):
        train(tiny(drawn_data, launched))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": []}, "no data to train on"),  # no folder named
        ({"resume": True}, "no checkpoint"),  # nothing to go on from
        ({"batch_size": 500}, "fewer than one batch"),  # a batch larger than the data
        ({"backbone": "no_such_net"}, "no_such_net"),  # not a timm name
        ({"init_weights": "nowhere/at-all"}, "Could not start from"),  # no such weights
    ],
)
def test_a_run_that_cannot_start_says_why(
    drawn_data: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    config = tiny(drawn_data, tmp_path / "out", epochs=1)
    for name, value in changes.items():
        setattr(config, name, value)
    with pytest.raises(TrainingError, match=message):
        train(config)


def test_one_class_alone_cannot_be_trained(tmp_path: Path) -> None:
    from unmask.errors import UnmaskError

    for split in ("train", "validation"):
        folder = tmp_path / "data" / split / "real"
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_bytes(b"x")
    with pytest.raises(UnmaskError, match="fake"):
        train(tiny(tmp_path / "data", tmp_path / "out"))


def test_the_validation_auc_is_the_mean_over_data_sets() -> None:
    """A network that only tells the sources apart scores chance, though its pooled AUC is high."""
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    names = np.array(["a"] * 4 + ["b"] * 4)
    logits = np.stack([np.zeros(8), np.where(names == "a", -2.0, 2.0)], axis=1)
    assert validation_figures(logits, labels, names)["validation_auc"] == 0.5
