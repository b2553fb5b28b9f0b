"""The best epoch has the highest AUC; among equal ones the lowest loss."""

import pytest

from unmask.metrics.epoch_rank import epoch_rank


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((0.9, 0.5), (0.8, 0.1)),  # AUC goes before the loss
        ((1.0, 0.1), (1.0, 0.6)),  # an easy data set: the later, better calibrated epoch
    ],
)
def test_order(better, worse):
    ranks = [epoch_rank({"validation_auc": area, "validation_loss": loss}) for area, loss in (better, worse)]
    assert ranks[0] > ranks[1]
