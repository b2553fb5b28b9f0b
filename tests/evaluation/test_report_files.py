"""What stands on disk after a report: whole files that agree with each other."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from unmask.detector_folder import CALIBRATION_FIGURE, CARD
from unmask.errors import DataError
from unmask.evaluation.report_files import publish_report, render_rows, write_report
from unmask.metrics import METRICS


@pytest.fixture
def written(detector, make_scores, tmp_path):
    datasets = [
        make_scores(no_face=2, unreadable=1),
        make_scores(fakes=0, name="only-real", short_path="only-real", split=None, seen_in_training=False),
        make_scores(reals=5, fakes=5, available=900),
    ]
    write_report(tmp_path / "new/out", detector, datasets, command="python train/score.py --data x")
    return tmp_path / "new/out"


def test_the_folder_holds_the_report_the_scores_and_the_figures(written):
    kinds = ("confusion_matrix", "histogram", "roc")
    figures = {f"{stem}-{kind}.png" for stem in ("some-faces-test", "some-faces-2-test") for kind in kinds}
    figures |= {"only-real-histogram.png", "only-real-confusion_matrix.png"}
    assert {path.name for path in written.iterdir()} == figures | {"report.json", "report.md", "scores.csv"}


def test_the_metrics_follow_from_scores_csv(written):
    rows = list(csv.DictReader((written / "scores.csv").open()))
    first = rows[:83]
    assert [row["verdict"] for row in first if not row["fake_probability"]] == [
        *["no_face"] * 2,
        "unreadable",
    ]
    scored = [(int(row["label"] == "fake"), float(row["fake_probability"])) for row in first[:80]]
    entry = json.loads((written / "report.json").read_text())["datasets"][0]
    assert {name: METRICS[name](*zip(*scored, strict=True)) for name in METRICS}.items() <= entry["metrics"].items()


def test_a_picture_keeps_what_speaks_against_its_verdict(make_scores):
    scores = make_scores(reals=1, fakes=0)
    scores = replace(scores, rows=(replace(scores.rows[0], reasons=("between the thresholds", "blurred")),))
    (row,) = csv.DictReader(render_rows([scores]).splitlines())
    assert row["reasons"] == "between the thresholds; blurred"


def test_the_page_tells_what_was_left_out_and_why(written):
    page = (written / "report.md").read_text()
    assert "83 pictures (42 real, 41 fake): 80 scored, 2 without a face, 1 unreadable." in page
    assert "No metrics: All 40 labels are real" in page
    assert "10 pictures, selected evenly from 900" in page
    assert "left out of the metrics" in page
    assert "To repeat: `python train/score.py --data x`" in page


def test_data_sets_of_one_name_and_split_are_told_apart(written):
    expected = [("some-faces", "test"), ("only-real", None), ("some-faces-2", "test")]
    entries = json.loads((written / "report.json").read_text())["datasets"]
    assert [(entry["name"], entry["split"]) for entry in entries] == expected
    rows = csv.DictReader((written / "scores.csv").open())
    assert list(dict.fromkeys((row["dataset"], row["split"] or None) for row in rows)) == expected
    assert "| some-faces-2 (test) |" in (written / "report.md").read_text()


def test_the_splits_of_a_data_set_keep_its_name(detector, make_scores, tmp_path):
    report = write_report(tmp_path, detector, [make_scores(split="train"), make_scores(split="test")])
    assert [entry["name"] for entry in report["datasets"]] == ["some-faces", "some-faces"]


def test_every_figure_on_the_page_is_in_the_folder(written):
    links = re.findall(r"\]\((.+?)\)", (written / "report.md").read_text())
    assert sorted(links) == sorted(path.name for path in written.glob("*.png"))


def test_writing_twice_gives_the_same_bytes(detector, make_scores, tmp_path):
    for folder in ("a", "b"):
        write_report(tmp_path / folder, detector, [make_scores()])
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_file_in_the_place_of_the_folder_is_one_line(detector, make_scores, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DataError, match="Could not write"):
        write_report(tmp_path / "out", detector, [make_scores()])


def test_a_published_report_comes_with_its_card_and_figures_and_old_ones_go(
    detector, make_scores, tiny_detector, tmp_path
):
    scored_folder = Path(shutil.copytree(tiny_detector, tmp_path / "scored"))
    report = write_report(tmp_path / "scores", detector, [make_scores()])
    publish_report(scored_folder, report, {CALIBRATION_FIGURE: b"png", "another.png": b"png"})
    assert (scored_folder / CALIBRATION_FIGURE).read_bytes() == b"png"
    assert not (scored_folder / "another.png").exists()
    assert "## Scores" in (scored_folder / CARD).read_text()
    publish_report(scored_folder, report)
    assert not (scored_folder / CALIBRATION_FIGURE).exists()
