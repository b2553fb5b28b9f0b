"""The report holds what the scores say, also where there is little to say."""

import hashlib
import json

import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score

from unmask.errors import DataError
from unmask.evaluation.report import build_report, describe_dataset
from unmask.metrics import METRICS


def test_counts_add_up(make_scores):
    entry = describe_dataset(make_scores(reals=30, fakes=20, no_face=3, unreadable=2))
    counts = entry["counts"]
    assert counts["total"] == counts["real"] + counts["fake"] == 55
    assert counts["total"] == counts["scored"] + counts["no_face"] + counts["unreadable"]
    assert (counts["no_face"], counts["unreadable"], counts["real"]) == (3, 2, 33)
    verdicts = entry["verdicts"]
    assert sum(verdicts["real"].values()) == 33
    assert sum(verdicts["fake"].values()) == 22 - counts["unreadable"]
    assert verdicts["real"]["no_face"] == 3


def test_values_are_those_of_scikit_learn(make_scores):
    scores = make_scores()
    labels, values = scores.labels_and_scores()
    entry = describe_dataset(scores)
    assert entry["metrics"]["auc"] == pytest.approx(roc_auc_score(labels, values))
    assert entry["confusion_matrix"] == confusion_matrix(labels, values >= 0.5).tolist()
    assert entry["metrics"]["threshold"] == 0.5
    assert set(entry["metrics"]) == {*METRICS, "threshold"}


def test_one_class_gives_counts_and_its_rate_and_says_why_there_is_no_auc(make_scores):
    entry = describe_dataset(make_scores(fakes=0))
    assert entry["metrics"]["auc"] is None
    assert entry["metrics_reason"].startswith("All 40 labels are real")
    (_, false_positives), fakes = entry["confusion_matrix"]
    assert entry["false_positive_rate"] == false_positives / 40 > 0
    assert entry["true_positive_rate"] is None
    assert fakes == [0, 0]


def test_no_face_anywhere_gives_counts_and_a_reason(make_scores):
    entry = describe_dataset(make_scores(reals=0, fakes=0, no_face=4, unreadable=1))
    assert entry["metrics_reason"] == "None of the 5 pictures could be scored. See the counts."
    assert entry["counts"]["scored"] == 0
    assert entry["verdicts"]["real"]["no_face"] == 4


def test_the_report_names_the_weights_it_is_of(detector, make_scores):
    report = build_report(detector, [make_scores()], command="python train/score.py")
    assert report["weights"] == {"model.onnx": hashlib.sha256(b"network").hexdigest()}
    assert report["thresholds"] == {"real": 0.3, "fake": 0.7}
    assert (report["format_version"], report["detector"]) == (1, "by-brightness")
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_a_report_keeps_the_scores_of_even_pictures_and_their_gaps(make_scores):
    scores = make_scores(reals=25, fakes=23, no_face=1)
    values = [row.fake_probability for row in scores.rows]
    verdicts = [row.verdict for row in scores.rows]
    expected = {"faces": 25, "fake_probabilities": values[::2], "verdicts": verdicts[::2]}
    assert describe_dataset(scores)["check"] == expected
    assert values[48] is None


def test_a_report_on_nothing_is_an_error(detector):
    with pytest.raises(DataError, match="no scored data set"):
        build_report(detector, [])
