"""The comparison of runs on disk: its page says what the runs say, and its figures are there and differ."""

import io
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from unmask.evaluation.comparison import compare_runs
from unmask.evaluation.comparison_plots import draw_curves, shorten
from unmask.evaluation.runs import read_runs
from unmask.figures import run_style

ROOT = Path(__file__).parents[2]


@pytest.fixture
def compared(make_run, make_scores, tmp_path):
    """The comparison of three runs, one of which was scored on a test set too, and of one that is unfinished."""
    runs = [
        make_run("cnn", auc=0.91),
        make_run(
            "vit", auc=0.86, backbone="test_vit", scores=[make_scores(split="validation"), make_scores(name="x|y")]
        ),
        make_run("untimed", recorded=False, scores=[]),
        make_run("unfinished", scores=[]),
    ]
    (runs[-1] / "detector/model.onnx").unlink()
    page, left_out = compare_runs(runs, tmp_path / "out")
    assert len(left_out) == 1
    return page


def lines(page, start):
    return [line for line in page.read_text().splitlines() if line.startswith(start)]


def test_the_table_has_a_line_for_each_finished_run(compared):
    head = "| Run | Data | Backbone | Input, px | Training faces | Best epoch | Validation AUC | Accuracy | Minutes |"
    assert lines(compared, head)
    (row,) = lines(compared, "| cnn | faces |")
    assert row.startswith("| cnn | faces | test_resnet | 96 | 1,200 | 2 of 3 | 0.910 | 0.810 | 4.5 | 71 | 902 |")
    assert "| 1,200 | 2 of 3 | 0.800 | 0.700 | – | – | – |" in lines(compared, "| untimed | faces |")[0]
    assert "unfinished, with epoch 3 done" in lines(compared, "- ")[-1]


def test_settings_that_differ_are_shown_and_others_are_not(compared):
    assert lines(compared, "| backbone |") == ["| backbone | test_resnet | test_vit | test_resnet |"]
    assert lines(compared, "| input_size |") == []


def test_the_auc_by_data_set_is_that_of_the_pictures(compared, make_scores):
    expected = roc_auc_score(*make_scores(split="validation").labels_and_scores())
    (row,) = lines(compared, f"| vit | {expected:.3f} |")
    assert row == f"| vit | {expected:.3f} | {expected:.3f} |"
    assert lines(compared, "| Run | some-faces (validation) | x\\|y (test) |")


def test_other_pictures_of_a_data_set_are_pointed_out(make_run, make_scores, tmp_path):
    same = [make_run("a"), make_run("b")]
    page, _ = compare_runs(same, tmp_path / "same")
    assert not lines(page, "**Not the same")
    page, _ = compare_runs([*same, make_run("c", scores=[make_scores(reals=39, split="validation")])], tmp_path / "c")
    assert lines(page, "**Not the same pictures of some-faces (validation)**")


def test_every_figure_of_the_page_is_a_picture_beside_it_and_there_is_no_other_file(compared):
    links = re.findall(r"\]\((.+?)\)", compared.read_text())
    assert sorted([*links, "report.md"]) == sorted(path.name for path in compared.parent.iterdir())
    assert {"curves.png", "roc.png", "confusion_matrix-x-y-test.png"} <= set(links)
    for link in links:
        image = Image.open(compared.parent / link)
        assert image.format == "PNG"
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
        assert np.asarray(image.convert("L")).std() > 5


def test_a_single_run_gets_its_report_into_its_own_folder(make_run):
    folder = make_run()
    page, _ = compare_runs([folder])
    assert page == folder / "report/report.md"
    text = page.read_text()
    assert text.startswith("# Run first\n")
    assert all(word in text for word in ("curves.png", "roc.png", "confusion_matrix", "| fake |", "Support"))
    assert compare_runs([folder])[1] == []  # and the report is not taken for scores


def test_one_class_alone_has_a_matrix_and_no_roc_curve(make_run, make_scores):
    page, _ = compare_runs([make_run(scores=[make_scores(fakes=0)])])
    assert not (page.parent / "roc.png").exists()
    assert lines(page, "| fake | 0.000 | – | 0.000 | 0 |")


def test_equal_runs_give_equal_files(make_run, tmp_path):
    folder = make_run()
    for name in "ab":
        compare_runs([folder], tmp_path / name)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_the_curves_change_with_the_history(make_run):
    (first, second), _ = read_runs([make_run("a", scores=[]), make_run("b", auc=0.7, scores=[])])
    assert draw_curves([first]) != draw_curves([second])


def test_one_epoch_and_many_runs_can_be_drawn(make_run):
    ((run,), _) = read_runs([make_run(epochs=1, scores=[])])
    image = Image.open(io.BytesIO(draw_curves([run] * 20)))
    assert image.width > 1200


def test_no_two_runs_look_alike():
    styles = [tuple(run_style(index).items()) for index in range(56)]
    assert len(set(styles)) == 56


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("plain", "plain"),
        ("_hidden", " _hidden"),  # matplotlib leaves it out of the legend
        ("a$x_1$b$", r"a\$x_1\$b\$"),  # or reads a formula
        ("long/" * 20, "…" + ("long/" * 20)[-35:]),
    ],
)
def test_any_run_name_fits_a_legend(name, label):
    assert shorten(name) == label


def test_the_script_prints_the_report_and_what_was_left_out(make_run, tmp_path):
    folder = make_run()
    command = [sys.executable, str(ROOT / "train/compare.py"), str(folder), "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"Report: {folder / 'report/report.md'}\n")
    assert done.stderr == "nowhere: There is no such folder. Check the path.\n"


def test_the_script_ends_with_2_where_there_is_nothing_to_compare(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["compare.py", "nowhere"])
    assert runpy.run_path(str(ROOT / "train/compare.py"))["main"]() == 2
    assert capsys.readouterr().err.endswith("There is no finished run to compare. Train one: train/train.py.\n")
