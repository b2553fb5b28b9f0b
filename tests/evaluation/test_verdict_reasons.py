"""What keeps verdicts back, counted: what each caution costs and what it saves."""

from dataclasses import replace

import pytest

from unmask.evaluation.scoring import DatasetScores, ImageScore
from unmask.evaluation.sections.verdicts import count_reasons

from .conftest import SETTINGS

BETWEEN, SMALL, BLURRED = "between the thresholds", "face smaller than 48 px", "blurred"
REAL = ImageScore("a", 0, 0.1, "uncertain", "s", "m")
FAKE = replace(REAL, label=1, fake_probability=0.9)


def count(*rows):
    return count_reasons(DatasetScores("faces", "faces", None, len(rows), True, "haar", rows), SETTINGS)


@pytest.mark.parametrize(
    ("row", "reasons", "counts"),
    [
        # between the thresholds no verdict was taken away
        (replace(REAL, fake_probability=0.5), (BETWEEN, BLURRED), {BETWEEN: (1, None, None)}),
        # beyond one, a caution took the right verdict away
        (REAL, (SMALL, BLURRED), {SMALL: (1, 1, 0)}),
        (FAKE, (SMALL,), {SMALL: (1, 1, 0)}),
        # or a wrong one
        (replace(REAL, fake_probability=0.9), (SMALL,), {SMALL: (1, 0, 1)}),
        # a verdict that was given in spite of a caution cost nothing
        (replace(FAKE, verdict="fake"), (BLURRED,), {}),
        # a picture without a face has no reason
        (replace(FAKE, fake_probability=None, verdict="no_face"), (), {}),
    ],
)
def test_a_picture_counts_under_its_weightiest_reason(row, reasons, counts):
    found = count(replace(row, reasons=reasons))
    assert {reason: tuple(entry.values()) for reason, entry in found.items()} == counts


def test_the_commonest_reason_comes_first():
    rows = [replace(REAL, reasons=(SMALL,)), *[replace(REAL, fake_probability=0.5, reasons=(BETWEEN,))] * 2]
    assert list(count(*rows)) == [BETWEEN, SMALL]
