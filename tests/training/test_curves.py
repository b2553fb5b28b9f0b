"""A run's own curves are drawn for one data set and many, one epoch and part of one."""

import numpy as np
import pytest
from PIL import Image

from unmask.training.curves import write_curves


def epoch(number, names):
    sides = {f"{side}_{key}": 0.5 + number / 20 for side in ("train", "validation") for key in ("loss", "accuracy")}
    by_dataset = {name: 0.6 + index / 30 for index, name in enumerate(names)}
    return {"epoch": number, **sides, "validation_auc": 0.7, "validation_auc_by_dataset": by_dataset}


CASES = [
    # the usual run
    ([1, 2, 3], ["a", "b"]),
    # time was up in the second epoch
    ([1, 1.4], ["a"]),
    # no data set of both classes, one epoch
    ([1], []),
    # more data sets than colours
    ([1, 2], [f"data set {n} of a long name" for n in range(9)]),
]


@pytest.mark.parametrize(("epochs", "names"), CASES)
def test_the_curves_are_a_picture_on_white(tmp_path, epochs, names):
    write_curves([epoch(number, names) for number in epochs], tmp_path / "curves.png")
    image = Image.open(tmp_path / "curves.png").convert("RGB")
    assert image.getpixel((2, 2)) == (255, 255, 255)
    assert np.asarray(image).std() > 5
