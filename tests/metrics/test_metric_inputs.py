"""A metric that is handed nonsense says which nonsense."""

import pytest

from unmask.errors import MetricError
from unmask.metrics.inputs import check_inputs

BAD = [
    # nothing at all
    ([], [], "no scores"),
    # one score short
    ([0, 1], [0.5], "two lists of one length"),
    # logits of two classes in place of one score
    ([0, 1], [[0.1, 0.9], [0.8, 0.2]], "two lists of one length"),
    # a label that is a class index of some other data set
    ([0, 2], [0.1, 0.9], "neither 0"),
    # text labels
    (["real", "fake"], [0.1, 0.9], "neither 0"),
    # a picture without a face has no score
    ([0, 1], [None, 0.9], "not a finite number"),
]


@pytest.mark.parametrize(("labels", "scores", "message"), BAD)
def test_bad_input_is_a_metric_error(labels, scores, message):
    with pytest.raises(MetricError, match=message):
        check_inputs(labels, scores)


def test_booleans_count_as_labels():
    labels, _ = check_inputs([False, True], [0.1, 0.9])
    assert labels.tolist() == [0, 1]
