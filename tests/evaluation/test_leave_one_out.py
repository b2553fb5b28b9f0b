"""Leaving one source out: who is trained on what, what is scored, and going on after a stop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

from unmask.errors import DataError, UnmaskError
from unmask.evaluation.leave_one_out import compare_recipes, leave_one_out, read_result
from unmask.media.drawing import draw_face

ROOT = Path(__file__).parents[2]
TRAIN = ROOT / "train/train.py"


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    """Three data sets of two real and two fake drawings each."""
    for seed, name in enumerate(("one", "two", "three")):
        for label in ("real", "fake"):
            folder = tmp_path / name / label
            folder.mkdir(parents=True)
            for number in range(2):
                Image.fromarray(draw_face(10 * seed + number + 5 * (label == "fake"))).save(folder / f"{number}.png")
    return [str(tmp_path / name) for name in ("one", "two", "three")]


class Trainer:
    """Stands in for the training: notes its command and puts an untrained detector where one is asked for."""

    def __init__(self, detector: Path, fails_at: int = 99) -> None:
        self.detector, self.fails_at, self.commands = detector, fails_at, []  # type: ignore[var-annotated]

    def __call__(self, words: list[str]) -> int:
        self.commands.append(words)
        if len(self.commands) > self.fails_at:
            return 1
        folder = Path(words[words.index("--output") + 1]) / "detector"
        shutil.copytree(self.detector, folder, dirs_exist_ok=True)
        (folder / "train_config.json").write_text("{}")  # a training's last file
        return 0


def named(words: list[str]) -> list[str]:
    return [Path(words[place + 1]).name for place, word in enumerate(words) if word == "--data"]


def test_each_detector_is_scored_on_what_it_was_not_trained_on(
    data: list[str], tiny_detector: Path, tmp_path: Path
) -> None:
    trainer = Trainer(tiny_detector)
    rounds = leave_one_out(data, tmp_path / "runs", ["--epochs", "1"], script=TRAIN, limit=3, run=trainer)
    assert [named(words) for words in trainer.commands] == [["two", "three"], ["one", "three"], ["one", "two"]]
    assert [(each.left_out, each.available) for each in rounds] == [("one", 4), ("two", 4), ("three", 4)]
    assert all(each.scored <= 3 and 0 <= each.auc <= 1 for each in rounds)
    result = read_result(tmp_path / "runs")
    assert result["mean_auc"] == pytest.approx(sum(each.auc for each in rounds) / 3)
    assert str(tmp_path) not in result["command"] + (tmp_path / "runs/leave_one_out.md").read_text()


def test_folders_of_one_name_have_rounds_of_their_own(data: list[str], tiny_detector: Path, tmp_path: Path) -> None:
    roots = [str(shutil.copytree(data[place], tmp_path / parent / "faces")) for place, parent in enumerate("ab")]
    trainer = Trainer(tiny_detector)
    rounds = leave_one_out(roots, tmp_path / "runs", [], script=TRAIN, run=trainer)
    assert [words[words.index("--data") + 1] for words in trainer.commands] == roots[::-1]
    assert [(each.left_out, each.run) for each in rounds] == [
        ("faces", "without-faces"),
        ("faces-2", "without-faces-2"),
    ]


@pytest.mark.parametrize("has_gpu", [False, True])
def test_several_processes_without_a_gpu_are_asked_for_on_the_cpu(
    has_gpu: bool, data: list[str], tiny_detector: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    trainer = Trainer(tiny_detector)
    leave_one_out(data[:2], tmp_path / "runs", [], script=TRAIN, processes=2, limit=2, run=trainer)
    assert all(words[words.index("--num_processes") + 1] == "2" for words in trainer.commands)
    assert all(("--cpu" in words) is not has_gpu for words in trainer.commands)
    assert " --processes 2 --limit 2 --output runs/runs --" in read_result(tmp_path / "runs")["command"]


def test_the_same_command_goes_on_after_a_stop(data: list[str], tiny_detector: Path, tmp_path: Path) -> None:
    with pytest.raises(UnmaskError, match="ended with code 1"):
        leave_one_out(data, tmp_path / "runs", [], script=TRAIN, run=Trainer(tiny_detector, fails_at=1))
    assert len(read_result(tmp_path / "runs")["rounds"]) == 1
    (tmp_path / "runs/without-two/checkpoints").mkdir(parents=True)
    trainer = Trainer(tiny_detector)
    leave_one_out(data, tmp_path / "runs", [], script=TRAIN, run=trainer)
    assert [named(words) for words in trainer.commands] == [["one", "three"], ["one", "two"]]
    assert ["--resume" in words for words in trainer.commands] == [True, False]


@pytest.mark.parametrize(
    ("places", "flags", "recipe", "processes", "kept"),
    [
        ([0, 1, 2], ["--lr", "2e-4"], "epochs: 1", 1, True),  # the same command
        ([1, 0, 2], ["--lr", "2e-4"], "epochs: 1", 1, True),  # the data sets in another order
        ([0, 1, 2], ["--lr", "1e-3"], "epochs: 1", 1, False),  # another flag
        ([0, 1, 2], ["--lr", "2e-4"], "epochs: 2", 1, False),  # the recipe was edited
        ([0, 1, 2], ["--lr", "2e-4"], "epochs: 1", 2, False),  # twice the batch
        ([0, 1], ["--lr", "2e-4"], "epochs: 1", 1, False),  # a data set less
    ],
)
def test_a_finished_round_is_kept_for_what_it_was_trained_by_alone(
    places: list[int],
    flags: list[str],
    recipe: str,
    processes: int,
    kept: bool,
    data: list[str],
    tiny_detector: Path,
    tmp_path: Path,
) -> None:
    config = tmp_path / "recipe.yaml"
    config.write_text("epochs: 1")
    first = ["--config", str(config), "--lr", "2e-4"]
    leave_one_out(data, tmp_path / "runs", first, script=TRAIN, run=Trainer(tiny_detector))
    before = read_result(tmp_path / "runs")
    again = Trainer(tiny_detector)
    config.write_text(recipe)
    refused = pytest.raises(DataError, match="without-one was trained by other flags or processes or on other data")
    chosen, how = [data[place] for place in places], {"script": TRAIN, "processes": processes, "run": again}
    with nullcontext() if kept else refused:
        leave_one_out(chosen, tmp_path / "runs", ["--config", str(config), *flags], **how)
    assert again.commands == []
    assert read_result(tmp_path / "runs")["mean_auc"] == before["mean_auc"]
    (tmp_path / "runs/without-one/trained_by.json").unlink()
    with refused:
        leave_one_out(data, tmp_path / "runs", first, script=TRAIN, run=again)


@pytest.mark.parametrize("flags", [["--data", "hidden"], ["--epochs", "1", "--data=hidden"]])
def test_data_among_the_flags_is_refused(flags: list[str], data: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="After -- stands --data"):
        leave_one_out(data, tmp_path / "runs", flags, script=TRAIN)


def test_the_script_finds_the_training_from_any_folder(data: list[str], tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "train/leave_one_out.py"), "--data", data[0], "--data", data[1]]
    command += ["--output", "runs", "--", "--epochs", "none"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "train.py --help" in done.stderr
    assert done.stderr.endswith("The training into runs/without-one ended with code 2; what it said stands above.\n")


def test_recipes_stand_side_by_side(data: list[str], tiny_detector: Path, tmp_path: Path) -> None:
    for name in ("plain", "ours"):
        leave_one_out(data[:2], tmp_path / name, [], script=TRAIN, run=Trainer(tiny_detector))
    table = compare_recipes([tmp_path / "plain", tmp_path / "ours"])
    assert table.splitlines()[0] == "| Recipe | one | two | Mean of 2 | Against the first |"
    assert table.splitlines()[3].startswith("| ours |")
    assert table.splitlines()[3].endswith("| +0.000 |")
    with pytest.raises(DataError, match=r"holds no whole leave_one_out\.json"):
        compare_recipes([tmp_path])


def test_a_stopped_result_is_compared_by_the_data_sets_that_it_has(
    data: list[str], tiny_detector: Path, tmp_path: Path
) -> None:
    whole = leave_one_out(data[:2], tmp_path / "whole", [], script=TRAIN, run=Trainer(tiny_detector))
    with pytest.raises(UnmaskError, match="ended with code 1"):
        leave_one_out(data[:2], tmp_path / "stopped", [], script=TRAIN, run=Trainer(tiny_detector, fails_at=1))
    first, second = compare_recipes([tmp_path / "whole", tmp_path / "stopped"]).splitlines()[2:]
    assert first.endswith(f"| {whole[0].auc:.3f} | +0.000 |")
    assert second == f"| stopped | {whole[0].auc:.3f} | – | {whole[0].auc:.3f} | +0.000 |"


def test_a_detector_that_a_kill_left_half_written_is_made_again(
    data: list[str], tiny_detector: Path, tmp_path: Path
) -> None:
    half = tmp_path / "runs/without-one/detector"
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"half")
    trainer = Trainer(tiny_detector)
    assert len(leave_one_out(data, tmp_path / "runs", [], script=TRAIN, run=trainer)) == len(trainer.commands) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_has_the_time_to_save(number: signal.Signals, data: list[str], tmp_path: Path) -> None:
    slow = tmp_path / "train.py"
    slow.write_text(
        "import pathlib, signal, sys, time\n"
        "def stop(number, frame):\n"
        "    time.sleep(1)\n"
        f"    pathlib.Path({str(tmp_path / 'saved')!r}).touch()\n"
        "    sys.exit(128 + number)\n"
        "signal.signal(signal.SIGINT, stop), signal.signal(signal.SIGTERM, stop)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    rounds = (
        "from pathlib import Path\n"
        "from unmask.evaluation.leave_one_out import RoundStopped, leave_one_out\n"
        "try:\n"
        f"    leave_one_out({data!r}, Path({str(tmp_path / 'runs')!r}), [], script=Path({str(slow)!r}))\n"
        "except RoundStopped as stopped:\n"
        "    print(stopped.code)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", rounds], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=60)[0] == f"{128 + number}\n"
    assert (tmp_path / "saved").is_file()


def test_data_that_cannot_be_left_out_is_refused(data: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="name two or more"):
        leave_one_out(data[:1], tmp_path / "runs", [], script=TRAIN)
    with pytest.raises(DataError, match="named twice"):
        leave_one_out([*data, f"{data[0]}/"], tmp_path / "runs", [], script=TRAIN)
    shutil.rmtree(Path(data[1]) / "fake")
    with pytest.raises(DataError, match="one class alone"):
        leave_one_out([data[0], str(Path(data[1]))], tmp_path / "runs", [], script=TRAIN)
