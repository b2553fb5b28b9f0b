"""Finished runs are read back; what is unfinished, damaged or of other weights is left out with a line."""

import json
import shutil

import pytest
import timm
import torch

from unmask.errors import DataError
from unmask.evaluation.runs import count_parameters, read_runs


def test_a_finished_run_is_read(make_run):
    (run,), left_out = read_runs([make_run("first")])
    assert left_out == []
    assert (run.name, run.settings["backbone"], len(run.history)) == ("first", "test_resnet", 3)
    assert run.kept["epoch"] == 2
    assert (run.minutes, run.faces_per_second, run.peak_memory_mb) == (4.5, 71, 902)
    assert [scores.title for scores in run.scores] == ["some-faces (validation)"]
    assert len(run.scores[0].labels) == 80


def test_a_run_without_timing_has_none(make_run):
    (run,), _ = read_runs([make_run(recorded=False)])
    assert (run.minutes, run.faces_per_second, run.peak_memory_mb) == (None, None, None)


def test_parameters_are_those_of_the_network(make_run):
    folder = make_run()
    network = timm.create_model("test_resnet", num_classes=2)
    trained = sum(p.numel() for p in network.parameters())
    assert count_parameters(folder / "detector/model.safetensors") == trained
    assert trained < sum(t.numel() for t in network.state_dict().values())  # the norms' statistics are left out
    assert torch.is_tensor(next(network.parameters()))


def write(name, text):
    return lambda folder: (folder / name).write_text(text)


def change_epoch(**changes):
    def damage(folder):
        history = json.loads((folder / "history.json").read_text())
        history[1].update(changes)
        (folder / "history.json").write_text(json.dumps(history))

    return damage


DAMAGES = {
    "not yet an epoch": (lambda folder: (folder / "history.json").unlink(), "not finished an epoch"),
    "no detector yet": (lambda folder: shutil.rmtree(folder / "detector"), "unfinished, with epoch 3 done"),
    "history cut short": (write("history.json", '[{"epoch": 1,'), "history.json cannot be read"),
    "history of another kind": (write("history.json", '{"epoch": 1}'), "no list of epochs"),
    "history without an epoch": (write("history.json", "[]"), "no list of epochs"),
    "history nested without end": (write("history.json", "[" * 200_000), "history.json cannot be read"),
    "an epoch without its loss": (change_epoch(validation_loss=None), "no number for validation_loss in epoch 2"),
    "a loss that is no number": (change_epoch(train_loss=float("nan")), "no number for train_loss in epoch 2"),
    "weights cut short": (write("detector/model.safetensors", "x"), "not a whole safetensors file"),
    "settings missing": (lambda folder: (folder / "detector/train_config.json").unlink(), "train_config.json"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_run_is_one_line_and_the_others_stay(make_run, damage, reason):
    broken, whole = make_run("broken", scores=[]), make_run("whole", scores=[])
    damage(broken)
    runs, left_out = read_runs([broken, whole])
    assert [run.name for run in runs] == ["whole"]
    (line,) = left_out
    assert reason in line
    assert line.startswith(f"{broken}: ")
    assert "\n" not in line


def test_what_is_no_run_is_named_in_one_line(make_run, tmp_path):
    (tmp_path / "run.log").write_text("")
    (tmp_path / "comparison").mkdir()
    runs, left_out = read_runs([make_run(scores=[]), tmp_path / "run.log", tmp_path / "comparison"])
    assert len(runs) == 1
    assert left_out == [f"No training runs, left out: {tmp_path / 'run.log'}, {tmp_path / 'comparison'}."]


def test_a_folder_that_is_not_there_is_named():
    assert read_runs(["nowhere"]) == ([], ["nowhere: There is no such folder. Check the path."])


SCORE_DAMAGES = {
    "of other weights": (lambda r: r.update(weights={"model.onnx": "00"}), "other weights than the run's detector"),
    "a count that is a text": (lambda r: r["datasets"][0]["counts"].update(scored="many"), "no whole number"),
    "a matrix of another shape": (lambda r: r["datasets"][0].update(confusion_matrix=[[1, 2]]), "is not whole"),
    "no split": (lambda r: r["datasets"][0].pop("split"), "is not whole (KeyError: 'split')"),
    "an AUC above 1": (lambda r: r["datasets"][0]["metrics"].update(auc=7), "an AUC is no number from 0 to 1"),
}


@pytest.mark.parametrize(("damage", "reason"), SCORE_DAMAGES.values(), ids=SCORE_DAMAGES)
def test_scores_that_cannot_be_used_are_left_out_with_a_line(make_run, damage, reason):
    folder = make_run()
    path = folder / "validation/report.json"
    report = json.loads(path.read_text())
    damage(report)
    path.write_text(json.dumps(report))
    (run,), (line,) = read_runs([folder])
    assert run.scores == []
    assert reason in line


CSV_DAMAGES = {
    "without a column that nobody reads": (lambda text: text.replace("reasons", "left over"), None),
    "another head": (lambda text: text.replace("fake_probability", "p"), "other columns"),
    "a probability above 1": (lambda text: text.replace(",0.", ",7."), "no probability"),
    "a label of another set": (lambda text: text.replace(",real,", ",genuine,"), "line 2 is not whole"),
    "a row cut short": (lambda text: text[: len(text) - 30], "is not whole"),
    "a null byte": (lambda text: text.replace("0.png", "\0.png"), None),
}


@pytest.mark.parametrize(("damage", "reason"), CSV_DAMAGES.values(), ids=CSV_DAMAGES)
def test_damaged_picture_scores_are_left_out_with_a_line(make_run, damage, reason):
    folder = make_run()
    path = folder / "validation/scores.csv"
    path.write_text(damage(path.read_text()))
    (run,), left_out = read_runs([folder])
    if reason:
        assert (run.scores, len(left_out)) == ([], 1)
        assert reason in left_out[0]
    else:
        assert len(run.scores) + len(left_out) == 1


def test_newer_scores_of_a_data_set_win_and_test_sets_come_after_validation(make_run, make_scores):
    folder = make_run(scores=[make_scores(), make_scores(split="validation")])
    older = folder / "old-scores"
    shutil.copytree(folder / "validation", older)
    report = json.loads((older / "report.json").read_text())
    for entry in report["datasets"]:
        entry["metrics"]["auc"] = 0.1
    (older / "report.json").write_text(json.dumps(report | {"date": "2001-01-01"}))
    (run,), left_out = read_runs([folder])
    assert left_out == []
    assert [scores.title for scores in run.scores] == ["some-faces (validation)", "some-faces (test)"]
    assert all(scores.entry["metrics"]["auc"] > 0.5 for scores in run.scores)


def test_runs_of_one_name_are_called_by_their_paths(make_run, tmp_path):
    first = make_run("same", scores=[])
    second = shutil.copytree(first, tmp_path / "others/same")
    runs, _ = read_runs([first, second])
    assert [run.name for run in runs] == [str(first), str(second)]


def test_nothing_finished_is_an_error_that_says_why(tmp_path):
    from unmask.evaluation.comparison import compare_runs

    with pytest.raises(DataError, match=r"no such folder(.|\n)*no finished run"):
        compare_runs([tmp_path / "nowhere"])
