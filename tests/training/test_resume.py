"""Nothing is lost: runs that are killed, stopped or fall over a file go on and end as if nothing had been."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.errors import TrainingError  # noqa: E402
from unmask.media.drawing import draw_face  # noqa: E402
from unmask.training.checkpoints import Checkpoint, list_checkpoints, newest_checkpoint  # noqa: E402
from unmask.training.config import TrainConfig  # noqa: E402
from unmask.training.loop import train  # noqa: E402
from unmask.training.steps import Stepper  # noqa: E402
from unmask.training.stopping import RunStopped  # noqa: E402

Tiny = Callable[..., TrainConfig]
# Everything that has a state: dropout draws, an average, losses by data set, a schedule, gradients over two batches.
ALL_STATE = {
    "backbone_args": {"drop_rate": 0.5},
    "ema": 0.9,
    "worst_source": 1.0,
    "batch_size": 4,
    "accumulate": 2,
    "checkpoint_steps": 1,
}

MEASURED = {"minutes", "faces_per_second", "peak_memory_mb"}  # of an epoch, and never the same twice


def newest(config: TrainConfig) -> Checkpoint:
    read = newest_checkpoint(Path(config.output) / "checkpoints")
    assert read is not None
    return read


def assert_same_end(one: TrainConfig, other: TrainConfig) -> None:
    """Check that two runs ended with the same bits: weights, optimizer, average, and the figures of each epoch."""
    first, second = newest(one), newest(other)
    for group, tensors in first.tensors.items():
        assert tensors.keys() == second.tensors[group].keys()
        for name, value in tensors.items():
            assert torch.equal(value, second.tensors[group][name]), (group, name)
    histories = [c.state["progress"]["history"] for c in (first, second)]
    costs = ("minutes", "faces_per_second", "peak_memory_mb")
    timeless = [[{k: v for k, v in entry.items() if k not in costs} for entry in history] for history in histories]
    assert timeless[0] == timeless[1]


def kill_when(config: TrainConfig, is_time: Callable[[Path], bool], wait: float = 0.0) -> None:
    """Run a configuration in a process of its own and kill -9 it at the moment that `is_time` names."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["unmask.training.loop"])
    process = context.Process(target=train, args=(config,))
    process.start()
    while process.is_alive() and not is_time(Path(config.output)):
        time.sleep(0.0005)
    time.sleep(wait)
    process.kill()
    process.join()


def test_a_run_killed_at_any_moment_ends_with_the_weights_of_one_that_was_not(tiny: Tiny, no_export: None) -> None:
    whole = tiny("whole", epochs=3, **ALL_STATE)
    train(whole)
    killed, resumed = (tiny("killed", epochs=3, resume=resume, **ALL_STATE) for resume in (False, True))
    kill_when(killed, lambda output: (output / "split.csv").exists())  # before anything was saved
    draw = random.Random(2)
    for _ in range(5):
        before = list_checkpoints(Path(killed.output) / "checkpoints")[-1:]
        saving = draw.random() < 0.5  # in the middle of a save, or anywhere after one
        kill_when(
            resumed,
            lambda output, before=before, saving=saving: (
                any((output / "checkpoints").glob(".*.part"))
                if saving
                else list_checkpoints(output / "checkpoints")[-1:] != before
            ),
            wait=0 if saving else draw.uniform(0, 0.05),
        )
    train(resumed)
    assert_same_end(whole, resumed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_saves_and_says_how_to_go_on(
    tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    whole, stopped = tiny("whole", epochs=2), tiny("stopped", epochs=2)
    train(whole)
    _after_steps(monkeypatch, 7, lambda: os.kill(os.getpid(), number))
    with pytest.raises(RunStopped, match=r"saved in epoch 2, step 2 of 5; .*--resume") as stop:
        train(stopped)
    assert stop.value.code == 128 + number
    train(tiny("stopped", epochs=2, resume=True))
    assert_same_end(whole, stopped)


def test_a_stop_in_the_validation_keeps_the_epoch(tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, stopped = tiny("whole", epochs=2, ema=0.5), tiny("stopped", epochs=2, ema=0.5)
    train(whole)
    from unmask.training import run

    judge = run.judge

    def stop_while_judging(*arguments: object, **named: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return judge(*arguments, **named)

    monkeypatch.setattr(run, "judge", stop_while_judging)
    with pytest.raises(RunStopped, match="step 5 of 5"):
        train(stopped)
    monkeypatch.setattr(run, "judge", judge)
    train(tiny("stopped", epochs=2, ema=0.5, resume=True))
    assert_same_end(whole, stopped)


def _after_steps(monkeypatch: pytest.MonkeyPatch, count: int, action: Callable[[], None]) -> None:
    """Do something once in the `count`-th step."""
    step, done = Stepper.step, iter(range(10_000))

    def counted(self: Stepper, batches: object) -> object:
        if next(done) + 1 == count:
            action()
        return step(self, batches)

    monkeypatch.setattr(Stepper, "step", counted)


def test_a_picture_that_goes_bad_is_one_line_and_a_whole_checkpoint(
    tiny: Tiny, no_export: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _draw(tmp_path / "data")
    _after_steps(monkeypatch, 2, lambda: [path.write_bytes(b"x") for path in (data / "real").iterdir()])
    with pytest.raises(TrainingError, match=r"real-.*\.png.* The run is saved.*--resume") as error:
        train(tiny("run", data=[str(data)], epochs=1, balance="none"))
    assert "\n" not in str(error.value)
    assert newest(tiny("run")).state["progress"]["step"] >= 2


@pytest.mark.parametrize("workers", [0, 1])
def test_a_validation_picture_that_goes_bad_loses_nothing(
    tiny: Tiny, no_export: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    _, validation = (_draw(tmp_path / "data" / part) for part in ("train", "validation"))
    run = {"data": [str(tmp_path / "data")], "epochs": 1, "workers": workers}
    good = (validation / "real" / "real-3.png").read_bytes()
    _after_steps(monkeypatch, 2, lambda: (validation / "real" / "real-3.png").write_bytes(b"x"))
    with pytest.raises(TrainingError, match=r"real-3\.png.* The run is saved.*--resume") as error:
        train(tiny("run", **run))
    assert "\n" not in str(error.value)
    assert newest(tiny("run")).state["progress"]["step"] == 6
    (validation / "real" / "real-3.png").write_bytes(good)
    train(tiny("run", **run, resume=True))
    assert newest(tiny("run")).state["progress"]["history"][-1]["epoch"] == 1


def _draw(root: Path) -> Path:
    from PIL import Image

    for label in ("real", "fake"):
        (root / label).mkdir(parents=True)
        for index in range(24):
            Image.fromarray(draw_face(index, 96)).save(root / label / f"{label}-{index}.png")
    return root


def test_a_full_disk_ends_the_run_in_one_line(tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from unmask.training import checkpoints

    config = tiny("run", epochs=2)
    save_file = checkpoints.save_file

    def fill_up(tensors: object, path: Path) -> None:
        if list_checkpoints(path.parent.parent):
            raise OSError(28, "No space left on device")
        save_file(tensors, path)

    monkeypatch.setattr(checkpoints, "save_file", fill_up)
    with pytest.raises(TrainingError, match="No space left on device"):
        train(config)
    assert newest(config).state["progress"]["history"][-1]["epoch"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lr": 1e-4}, "begun with --lr 0.003"),  # another flag
        ({"batch_size": 4}, "step of the run had 8 faces, now it has 4"),  # other steps
        ({"limit": 30}, "begun with --limit 0"),  # other data by a flag
        ({"validation_fraction": 0.3}, "begun with --validation-fraction"),  # another split
    ],
)
def test_another_runs_checkpoint_is_refused(
    tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], said: str
) -> None:
    _after_steps(monkeypatch, 1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(RunStopped):
        train(tiny("run", epochs=1))
    split = (Path(tiny("run").output) / "split.csv").read_bytes()
    with pytest.raises(TrainingError, match=said):
        train(tiny("run", **{"epochs": 1, "resume": True, **changes}))
    assert (Path(tiny("run").output) / "split.csv").read_bytes() == split


def test_fewer_larger_batches_of_the_same_step_may_go_on(
    tiny: Tiny, no_export: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _after_steps(monkeypatch, 1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(RunStopped):
        train(tiny("run", epochs=1))
    train(tiny("run", epochs=1, resume=True, batch_size=4, accumulate=2))
    assert newest(tiny("run")).state["progress"]["history"]
