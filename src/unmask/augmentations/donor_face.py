"""Donor faces: one person's face laid over another's, as a face swap does before it blends.

A self-blended face keeps its person's features; a swapped one has another's, in another light and of another
picture's sharpness and compression. Donors that fit are looked for among faces of every data set, after Li et al.,
"Face X-ray for More General Face Forgery Detection" (CVPR 2020), where they are of one, and laid over the face by five
landmarks and not by a whole mesh.
"""

from __future__ import annotations

import cv2
import numpy as np

# A cubic interpolation of a much larger photograph would alias: it is scaled down by areas first.
MOST_SHRUNK = 0.6
TINY = 1e-9


def misfits(landmarks: np.ndarray, donors: np.ndarray) -> np.ndarray:
    """Return how badly donors' landmarks lie on a face's after the best move, turn and scale of each.

    Args:
        landmarks: Five points (x, y) of the face, float [5, 2].
        donors: The same of N donors, float [N, 5, 2].

    Returns:
        The root mean square distance between the points, in parts of that between the face's points and their
        middle, float64 [N]; 0 is a perfect fit.
    """
    face, others = _centred(landmarks), _centred(donors)
    turn = (others.conj() * face).sum(-1) / np.maximum((np.abs(others) ** 2).sum(-1), TINY)
    distances = np.abs(turn[..., None] * others - face)
    misfit: np.ndarray = np.sqrt((distances**2).mean(-1) / max((np.abs(face) ** 2).mean(), TINY))
    return misfit


def lay_over(
    donor: np.ndarray, donor_landmarks: np.ndarray, landmarks: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Return a donor's picture moved, turned and scaled so that its landmarks lie on a face's.

    Args:
        donor: uint8 RGB [H, W, 3].
        donor_landmarks: Five points (x, y) in it, float [5, 2].
        landmarks: Where they are to lie, float [5, 2].
        shape: Height and width of the picture to return; beyond the donor's edge it is mirrored.
    """
    here, there = _centred(donor_landmarks), _centred(landmarks)
    turn = (here.conj() * there).sum() / max((np.abs(here) ** 2).sum(), TINY)
    if 0 < abs(turn) < MOST_SHRUNK:
        size = (max(8, round(donor.shape[1] * abs(turn))), max(8, round(donor.shape[0] * abs(turn))))
        scale = np.array([size[0] / donor.shape[1], size[1] / donor.shape[0]])
        donor = cv2.resize(donor, size, interpolation=cv2.INTER_AREA)
        return lay_over(donor, donor_landmarks * scale, landmarks, shape)
    offset = _complex(landmarks).mean() - turn * _complex(donor_landmarks).mean()
    matrix = np.array([[turn.real, -turn.imag, offset.real], [turn.imag, turn.real, offset.imag]])
    size = (shape[1], shape[0])
    return cv2.warpAffine(donor, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def match_colour(donor: np.ndarray, face: np.ndarray, mask: np.ndarray, amount: float) -> np.ndarray:
    """Return a donor with the mean and spread of each channel brought towards the face's inside a mask.

    After Reinhard et al., "Color Transfer between Images" (2001), on RGB.

    Args:
        donor: uint8 RGB [H, W, 3].
        face: The picture it is to be laid into, uint8 RGB [H, W, 3].
        mask: Where both are measured, float [H, W] in [0, 1].
        amount: 0 leaves the donor as it is, 1 brings it all the way.
    """
    inside = (mask > 0.5).astype(np.uint8)
    if not inside.any():
        return donor
    (mean, spread), (aim, aim_spread) = cv2.meanStdDev(donor, mask=inside), cv2.meanStdDev(face, mask=inside)
    gain = 1 + amount * (np.clip(aim_spread / np.maximum(spread, 1), 0.5, 2) - 1).ravel()
    shift = (mean + amount * (aim - mean)).ravel() - gain * mean.ravel()
    return cv2.transform(donor, np.column_stack([np.diag(gain), shift]))


def _complex(points: np.ndarray) -> np.ndarray:
    """Return points [..., 2] as complex numbers: a turn with a scale is one number to multiply by."""
    return np.asarray(points[..., 0] + 1j * points[..., 1])


def _centred(points: np.ndarray) -> np.ndarray:
    numbers = _complex(points)
    return numbers - numbers.mean(axis=-1, keepdims=True)
