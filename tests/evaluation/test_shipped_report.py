"""The shipped report is held to the shipped files, to its own counts and to a hundred faces judged anew."""

import hashlib
import json

import pytest

from unmask.calibration import verdict_of
from unmask.card import render_card
from unmask.detector_folder import CARD, ONNX, REPORT, WEIGHTS, read_config
from unmask.hub.loading import SHIPPED
from unmask.schema import VERDICTS

MOST_BYTES = 20_000_000
SETTINGS = read_config(SHIPPED).settings
CONTENT = json.loads((SHIPPED / REPORT).read_text(encoding="utf-8"))
ENTRIES = CONTENT["datasets"]
every_data_set = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["path_name"])


def own(section):
    """Return what a section of the suite says of the shipped detector, by data set."""
    return CONTENT["suite"]["sections"][section]["by_detector"][CONTENT["detector"]]


def test_the_report_is_of_the_shipped_weights():
    digests = {name: hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() for name in (ONNX, WEIGHTS)}
    assert CONTENT["weights"] == digests
    assert CONTENT["detector"] == f"{SETTINGS.name}@{digests[ONNX][:8]}"
    assert CONTENT["suite"]["detectors"][CONTENT["detector"]] == digests


def test_the_report_is_of_the_shipped_thresholds():
    thresholds = {"real": SETTINGS.real_threshold, "fake": SETTINGS.fake_threshold}
    assert CONTENT["thresholds"] == thresholds
    assert CONTENT["suite"]["sections"]["verdicts"]["thresholds"][CONTENT["detector"]] == thresholds


@every_data_set
def test_the_metrics_at_one_half_are_those_of_the_confusion_matrix(entry):
    (tn, fp), (fn, tp) = entry["confusion_matrix"]
    metrics = entry["metrics"]
    expected = {
        "accuracy": (tn + tp) / (tn + fp + fn + tp),
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
    }
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)
    rates = (entry["false_positive_rate"], entry["true_positive_rate"])
    assert rates == pytest.approx((fp / (tn + fp), tp / (tp + fn)))


@every_data_set
def test_the_counts_add_up(entry):
    counts, verdicts = entry["counts"], entry["verdicts"]
    assert counts["total"] == counts["real"] + counts["fake"]
    assert counts["total"] == counts["scored"] + counts["no_face"] + counts["unreadable"]
    assert sum(map(sum, entry["confusion_matrix"])) == counts["scored"]
    assert sum(verdicts[label]["no_face"] for label in verdicts) == counts["no_face"]
    assert sum(verdicts[label][verdict] for label in verdicts for verdict in VERDICTS) == (
        counts["total"] - counts["unreadable"]
    )
    for label, scored in zip(("real", "fake"), map(sum, entry["confusion_matrix"]), strict=True):
        assert sum(verdicts[label].values()) - verdicts[label]["no_face"] == scored, label


@every_data_set
def test_the_verdict_rates_are_those_of_the_counts(entry):
    real, fake, scored = entry["verdicts"]["real"], entry["verdicts"]["fake"], entry["counts"]["scored"]
    decided = [each["real"] + each["fake"] for each in (real, fake)]
    expected = {
        "real_called_fake": (real["fake"], decided[0]),
        "fake_called_real": (fake["real"], decided[1]),
        "coverage": (sum(decided), scored),
    }
    told = own("verdicts")[entry["path_name"]]
    for name, (part, whole) in expected.items():
        assert (told[name]["part"], told[name]["whole"]) == (part, whole), name
        assert told[name]["share"] == pytest.approx(part / whole), name


@every_data_set
def test_the_suite_tells_the_same_scores(entry):
    told = own("scores")[entry["path_name"]]
    assert told["counts"] == entry["counts"]
    assert told["metrics"]["auc"] == pytest.approx(entry["metrics"]["auc"], abs=1e-9)
    assert told["metrics"]["accuracy"] == pytest.approx(entry["metrics"]["accuracy"], abs=1e-9)


@pytest.fixture(scope="module")
def judged_again(shared):
    """Each data set's entry with the predictions of its check's pictures, judged now."""
    from unmask.evaluation.samples import read_split, take_evenly
    from unmask.hub import load_detector

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("UNMASK_FACE_MODEL", raising=False)
        detector = load_detector()
    finders = {entry["face_finder"] for entry in ENTRIES}
    assert finders == {detector.face_finder.name}, "score with the finder that the report was made with"
    found = []
    for entry in ENTRIES:
        samples = take_evenly(read_split(shared / "data" / entry["path_name"]), entry["check"]["faces"])
        found.append((entry, [detector.predict_image(sample.path) for sample in samples]))
    assert sum(len(predictions) for _, predictions in found) >= 100
    return found


def test_a_hundred_faces_get_the_probabilities_of_the_report(judged_again):
    """Whoever changes weights, crop, finder or preprocessing has to score again."""
    for entry, predictions in judged_again:
        found, expected = [each.fake_probability for each in predictions], entry["check"]["fake_probabilities"]
        assert [value is None for value in found] == [value is None for value in expected]
        pairs = [pair for pair in zip(found, expected, strict=True) if None not in pair]
        assert max(abs(value - stored) for value, stored in pairs) < 1e-3, entry["path_name"]


def test_a_hundred_faces_get_the_verdicts_of_the_report(judged_again):
    """Whoever changes thresholds or cautions has to score again."""
    for entry, predictions in judged_again:
        found = [each.verdict for each in predictions]
        assert found == entry["check"]["verdicts"], entry["path_name"]


def test_a_hundred_verdicts_keep_to_the_thresholds_of_the_report(judged_again):
    low, high = CONTENT["thresholds"]["real"], CONTENT["thresholds"]["fake"]
    for entry, predictions in judged_again:
        for each, stored in zip(predictions, entry["check"]["fake_probabilities"], strict=True):
            allowed = {"no_face"} if stored is None else {verdict_of(stored, low, high), "uncertain"}
            assert each.verdict in allowed, (entry["path_name"], stored)


def test_the_shipped_card_is_made_of_the_shipped_files():
    words = "run `python train/score.py --suite train/suites/default.yaml --write-report`"
    assert (SHIPPED / CARD).read_text(encoding="utf-8") == render_card(SHIPPED), words


def test_the_shipped_folder_stays_small():
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
