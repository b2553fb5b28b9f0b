"""What a run does between its first step and its last, by its flags."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs the train extra")

from safetensors.torch import load_file  # noqa: E402
from tests.training.conftest import draw_data  # noqa: E402

from unmask.detector_folder import check_folder  # noqa: E402
from unmask.errors import TrainingError  # noqa: E402
from unmask.training import run  # noqa: E402
from unmask.training.checkpoints import newest_checkpoint  # noqa: E402
from unmask.training.config import TrainConfig  # noqa: E402
from unmask.training.loop import train  # noqa: E402
from unmask.training.steps import Stepper  # noqa: E402

Tiny = Callable[..., TrainConfig]
ROOT = Path(__file__).parents[2]
# Layer norms look at one face, where batch norm's statistics would be those of half a batch; and Adam would make
# steps of full length out of the rounding errors of weights that have no gradient.
SMOOTH = {"backbone": "test_vit", "optimizer": "sgd", "lr": 0.02}


def weights(config: TrainConfig) -> dict[str, torch.Tensor]:
    read = newest_checkpoint(Path(config.output) / "checkpoints")
    assert read is not None
    return dict(read.tensors["model"])


def history(config: TrainConfig) -> list[dict[str, object]]:
    return json.loads((Path(config.output) / "history.json").read_text())


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "focal", "optimizer": "sgd", "schedule": "one_cycle", "head_lr": 1e-2},  # other parts by name
        {"adversarial": "fgsm", "ema": 0.9, "clip": 0.0},  # beside altered pictures, averaged, unclipped
        {"mixup": 0.2, "adversarial": "fgsm"},  # faces blended with others, and their targets
        {"worst_source": 2.0, "adversarial": "fgsm", "accumulate": 2},  # data sets by their losses
        {"frozen_epochs": 1, "epochs": 2, "balance": "none"},  # the head first, then all
        {"lora_rank": 2, "backbone": "test_vit"},  # adapters
        {"mixed_precision": "bf16"},  # half the memory of activations
        {"mixed_precision": "fp16"},  # and a scaled loss
    ],
)
def test_flags_of_all_kinds_train(tiny: Tiny, no_export: None, changes: dict[str, object]) -> None:
    config = tiny("run", **{"epochs": 1, **changes})
    train(config)
    assert np.isfinite(float(history(config)[-1]["train_loss"]))
    assert {tensor.dtype for tensor in weights(config).values()} <= {torch.float32, torch.int64}


def test_a_detector_has_its_adapters_in_its_weights_and_its_teacher_in_its_record(
    tiny: Tiny, tiny_detector: Path, tmp_path: Path
) -> None:
    teacher = Path(shutil.copytree(tiny_detector, tmp_path / "teacher"))
    (teacher / "train_config.json").write_text(json.dumps({"data": ["before"], "history": [{"minutes": 3}]}))
    trained = train(tiny("run", backbone="test_vit", lora_rank=2, epochs=1, ema=0.5, teacher=[str(teacher)]))
    assert trained is not None
    check_names = {"config.json", "model.safetensors", "model.onnx", "train_config.json"}
    assert {path.name for path in trained.folder.iterdir()} == check_names
    from unmask.export import read_model

    assert not any("lora" in name for name in read_model(trained.folder).state_dict())
    record = json.loads((trained.folder / "train_config.json").read_text())
    assert [(each["name"], each["minutes"]) for each in record["forebears"]] == [("teacher", 3.0)]
    assert "thread(s) a process" in record["hardware"] or torch.cuda.is_available()


def test_a_frozen_body_stays_and_is_freed_after(tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[torch.Tensor] = []
    step = Stepper.step

    def noted(self: Stepper, batches: object) -> object:
        seen.append(self.bare.conv1[0].weight.detach().clone())
        return step(self, batches)

    monkeypatch.setattr(Stepper, "step", noted)
    train(tiny("run", epochs=2, frozen_epochs=1))
    assert torch.equal(seen[0], seen[5])  # five steps in an epoch
    assert not torch.equal(seen[5], seen[9])


def test_two_batches_a_step_are_one_of_twice_the_size(tiny: Tiny, no_export: None) -> None:
    whole, halves = (tiny(f"by-{size}", **SMOOTH, epochs=1, batch_size=size, accumulate=8 // size) for size in (8, 4))
    for config in (whole, halves):
        train(config)
    first, second = weights(whole), weights(halves)
    assert all(torch.allclose(first[name], second[name], atol=1e-5) for name in first)


def test_early_stopping_waits_for_a_better_epoch(tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch) -> None:
    aucs = iter([0.6, 0.7, 0.7, 0.5, 0.9])
    figures = {"validation_loss": 1.0, "validation_accuracy": 0.5, "validation_auc_by_dataset": {}}
    monkeypatch.setattr(run, "validation_figures", lambda *a: figures | {"validation_auc": next(aucs)})
    config = tiny("run", epochs=9, early_stopping=2)
    train(config)
    assert [entry["validation_auc"] for entry in history(config)] == [0.6, 0.7, 0.7, 0.5]


@pytest.mark.parametrize(
    ("keeps", "kept"),
    [
        (["best"], "first"),  # whose AUC was the highest
        (["last"], "last"),
        (["best", "last"], "last"),  # the same run, gone on with when it was done
    ],
)
def test_the_best_epoch_is_kept_or_the_last(
    tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch, keeps: list[str], kept: str
) -> None:
    aucs = iter([0.8, 0.7])
    figures = {"validation_loss": 1.0, "validation_accuracy": 0.5, "validation_auc_by_dataset": {}}
    monkeypatch.setattr(run, "validation_figures", lambda *a: figures | {"validation_auc": next(aucs)})
    for number, keep in enumerate(keeps):
        config = tiny("run", epochs=2, keep=keep, resume=number > 0)
        train(config)
    written = load_file(Path(config.output) / "best.safetensors")
    newest = newest_checkpoint(Path(config.output) / "checkpoints")
    assert newest is not None
    last = newest.tensors.get("average", newest.tensors["model"])
    assert torch.equal(written["fc.weight"], last["fc.weight"]) == (kept == "last")


def test_max_minutes_stops_within_the_epoch_and_goes_on_later(tiny: Tiny, no_export: None) -> None:
    config, whole = tiny("run", epochs=1, max_minutes=1e-6), tiny("whole", epochs=1)
    assert train(config) is not None
    assert history(config)[-1]["epoch"] == 0.2  # one step of five
    assert (Path(config.output) / "best.safetensors").exists()
    train(tiny("run", epochs=1, resume=True))
    train(whole)
    first, second = weights(config), weights(whole)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_dry_run_shows_and_stops(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny("run", dry_run=True, epochs=1)
    assert train(config) is None
    said = capsys.readouterr().out
    for word in ("training", "validation", "million parameters", "GFLOPs", "memory", "batch.png"):
        assert word in said
    assert Image.open(Path(config.output) / "batch.png").size == (8 * 72, 72)
    assert not (Path(config.output) / "checkpoints").exists()


def test_a_diverging_loss_is_one_line(tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Stepper.step

    def diverge(self: Stepper, batches: object) -> object:
        result = step(self, batches)
        return type(result)(result.loss * float("nan"), result.logits, result.labels)

    monkeypatch.setattr(Stepper, "step", diverge)
    with pytest.raises(TrainingError, match=r"The training diverged in epoch 1\. Lower --lr"):
        train(tiny("run", epochs=1))


def test_weights_that_diverge_in_the_last_step_are_one_line(tiny: Tiny, no_export: None) -> None:
    """The one step's loss is a number, as it is that of the weights before it."""
    with pytest.raises(TrainingError, match=r"The training diverged in epoch 1\. Lower --lr"):
        train(tiny("run", epochs=1, backbone="simple_cnn", batch_size=40, lr=1e9))


def test_tensorboard_is_told(tiny: Tiny, no_export: None) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = tiny("run", epochs=2, log_with=["tensorboard"])
    train(config)
    (file,) = (Path(config.output) / "unmask").glob("events.out.tfevents.*")
    told = EventAccumulator(str(file))
    told.Reload()
    assert [event.value for event in told.Scalars("validation_auc")] == pytest.approx(
        [entry["validation_auc"] for entry in history(config)]
    )


def test_two_machines_end_with_the_weights_of_one_process(
    tiny: Tiny, drawn_data: Path, no_export: None, tmp_path: Path
) -> None:
    """Two launchers of one process each, over the loopback, against one process with twice the batch.

    Data sets count by their losses, which each process knows a part of.
    """
    both = {"data": [str(drawn_data), str(draw_data(tmp_path / "small", 12))], "worst_source": 4.0}
    alone = tiny("alone", **SMOOTH, **both, epochs=2, batch_size=8)
    train(alone)
    wide = tiny("wide", **SMOOTH, **both, epochs=2, batch_size=4)
    machines = [_launch(wide, rank, port) for port in (_free_port(),) for rank in (0, 1)]
    said = [machine.communicate(timeout=500)[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], said[0][-3000:] + said[1][-3000:]
    assert "on 2 process(es)" in said[0]
    assert "epoch 1:" not in said[1]
    check_folder(Path(wide.output) / "detector")
    first, second = weights(alone), weights(wide)
    assert all(torch.allclose(first[name], second[name], atol=1e-5) for name in first)


def _launch(config: TrainConfig, rank: int, port: int) -> subprocess.Popen[str]:
    """Start one of two machines by the command of docs/scale.md."""
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_machines",
        "2",
        "--num_processes",
        "2",
    ]
    command += ["--machine_rank", str(rank), "--main_process_ip", "127.0.0.1", "--main_process_port", str(port)]
    command += ["--num_cpu_threads_per_process", "1", "train/train.py"]
    command += [word for folder in config.data for word in ("--data", folder)]
    for flag in (
        "output",
        "backbone",
        "input_size",
        "epochs",
        "batch_size",
        "lr",
        "seed",
        "workers",
        "optimizer",
        "worst_source",
    ):
        command += [f"--{flag}", str(getattr(config, flag))]
    command += ["--augmentations", json.dumps(config.augmentations), "--audit", "false"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
