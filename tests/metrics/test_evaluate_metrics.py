"""The Hugging Face interface gives the registry's values, in batches and combined, with no network."""

import socket

import pytest

evaluate = pytest.importorskip("evaluate", reason="the train extra is not installed")

from unmask.errors import MetricError, UnmaskError  # noqa: E402
from unmask.metrics import METRICS  # noqa: E402
from unmask.metrics.evaluate_metrics import load_metric  # noqa: E402

LABELS = [0, 1, 0, 1, 1, 0]
SCORES = [0.2, 0.9, 0.55, 0.4, 0.7, 0.1]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, tmp_path):
    def refuse(*_):
        raise AssertionError("a metric opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_one_call_gives_the_plain_function_s_value(name):
    metric = load_metric(name)
    assert isinstance(metric, evaluate.Metric)
    assert metric.name == name
    assert metric.compute(predictions=SCORES, references=LABELS) == {name: METRICS[name](LABELS, SCORES)}


def test_batches_and_single_pictures_give_the_same_as_one_call():
    metric = load_metric("eer")
    metric.add_batch(predictions=SCORES[:4], references=LABELS[:4])
    for score, label in zip(SCORES[4:], LABELS[4:], strict=True):
        metric.add(prediction=score, reference=label)
    assert metric.compute() == {"eer": METRICS["eer"](LABELS, SCORES)}


def test_combine_takes_the_whole_registry():
    combined = evaluate.combine([load_metric(name) for name in METRICS])
    combined.add_batch(predictions=SCORES[:3], references=LABELS[:3])
    combined.add_batch(predictions=SCORES[3:], references=LABELS[3:])
    assert combined.compute() == {name: METRICS[name](LABELS, SCORES) for name in METRICS}


def test_close_scores_are_not_rounded_into_a_tie():
    close = [0.5, 0.5 + 1e-12]
    assert load_metric("auc").compute(predictions=close, references=[0, 1]) == {"auc": 1.0}


def test_one_class_is_a_metric_error_and_the_metric_can_be_used_again():
    metric = load_metric("auc")
    with pytest.raises(MetricError, match="needs both classes"):
        metric.compute(predictions=[0.1, 0.2], references=[0, 0])
    assert metric.compute(predictions=SCORES, references=LABELS) == {"auc": METRICS["auc"](LABELS, SCORES)}


def test_the_threshold_can_be_moved():
    value = load_metric("accuracy").compute(predictions=SCORES, references=LABELS, threshold=0.95)
    assert value == {"accuracy": 0.5}


def test_two_metrics_that_keep_their_values_in_files_do_not_mix():
    first, second = load_metric("auc", keep_in_memory=False), load_metric("auc", keep_in_memory=False)
    first.add_batch(predictions=SCORES, references=LABELS)
    second.add_batch(predictions=[0.1, 0.9], references=[0, 1])
    assert first.compute() == {"auc": METRICS["auc"](LABELS, SCORES)}
    assert second.compute() == {"auc": 1.0}


def test_a_wrong_name_names_the_nearest():
    with pytest.raises(UnmaskError, match="Did you mean accuracy"):
        load_metric("acuracy")
