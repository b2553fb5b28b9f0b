"""The fixed transform of frequency_cnn is JPEG's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need the train extra")

from unmask.backbones.frequency_cnn import BlockDct  # noqa: E402

# cv2 gives Y, Cr, Cb in grey levels, the colour differences round 128.
ORDER = [0, 2, 1]


def test_it_is_the_dct_of_luma_and_colour_differences(drawn_face: np.ndarray) -> None:
    pixels = drawn_face[100:116, 60:76]
    found = BlockDct(stride=4)(torch.from_numpy(pixels / 127.5 - 1).float().permute(2, 0, 1)[None])[0]
    assert found.shape == (192, 3, 3)
    colours = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2YCrCb)[..., ORDER] * 255 - 127.5
    for row in range(3):
        for column in range(3):
            window = colours[4 * row : 4 * row + 8, 4 * column : 4 * column + 8]
            wanted = np.concatenate([cv2.dct(window[..., each].copy()).ravel() for each in range(3)])
            # OpenCV's factors have three decimals, and its middle of a colour difference is not quite 127.5.
            assert np.allclose(np.expm1(found[:, row, column].numpy()), abs(wanted), atol=1.0, rtol=0.02)


def test_it_has_no_weights_and_is_not_stored() -> None:
    transform = BlockDct(stride=8)
    assert not list(transform.parameters())
    assert not transform.state_dict()
