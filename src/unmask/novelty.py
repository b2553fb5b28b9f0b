"""How far a face's features are from all that a detector was calibrated on: what they hold outside a subspace.

The features of known faces lie near a subspace, and what a network makes of anything else sticks out of it: the
residual of a principal component analysis, as in Wang et al., "ViM: Out-Of-Distribution with Virtual-logit
Matching" (CVPR 2022). Both classes are known, so that a face is new only if it is unlike the real and the fake ones.
Features pass through a signed square root first, which keeps a few large ones from deciding alone (Perronnin et
al., "Improving the Fisher Kernel for Large-Scale Image Classification", ECCV 2010).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from unmask.calibration import upper_bound

MOST_DIRECTIONS = 96
"""Of the subspace. From 64 to 256 the residual tells photographs without a face apart about as well."""
FACES_PER_DIRECTION = 6
FEWEST_FACES = 240
"""With fewer faces neither the subspace nor its limit means anything, and the detector goes without."""
MOST_FEATURES = 8192
BEYOND = 0.01
"""Share of the validation faces that may lie beyond the limit."""


@dataclass(frozen=True)
class KnownFaces:
    """The subspace of known faces: `mean` float32 [D] and orthonormal `directions` float32 [K, D]."""

    mean: np.ndarray
    directions: np.ndarray

    def novelty(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of pooled features [N, D] from the subspace, float64 [N]."""
        centred = signed_root(np.asarray(features, np.float64)) - self.mean
        inside = centred @ self.directions.astype(np.float64).T
        return np.sqrt(np.maximum(np.square(centred).sum(axis=1) - np.square(inside).sum(axis=1), 0))


def signed_root(features: np.ndarray) -> np.ndarray:
    """Return the square root of the magnitudes with the signs kept."""
    return np.sign(features) * np.sqrt(np.abs(features))


def fit_known_faces(features: np.ndarray) -> KnownFaces:
    """Return the subspace of the features [N, D] of known faces."""
    rooted = signed_root(np.asarray(features, np.float64))
    mean = rooted.mean(axis=0)
    count = min(MOST_DIRECTIONS, len(rooted) // FACES_PER_DIRECTION, rooted.shape[1] // 2)
    _, _, directions = np.linalg.svd(rooted - mean, full_matrices=False)
    return KnownFaces(mean.astype(np.float32), directions[:count].astype(np.float32))


def fit_novelty(views: np.ndarray, sources: list[str]) -> tuple[KnownFaces, float] | None:
    """Return the known faces and the limit beyond which a face is new; None where there are too few faces.

    The subspace is that of one half of the sources, the limit that of the other half's novelties: a face of
    another person is beyond it with a probability of about one in a hundred.

    Args:
        views: Pooled features of each view of each face, [V, N, D]; their novelties are averaged.
        sources: What each face comes from, N names.
    """
    if len(sources) < FEWEST_FACES or not 2 <= views.shape[2] <= MOST_FEATURES:
        return None
    first = np.array([hashlib.sha256(source.encode()).digest()[0] % 2 == 0 for source in sources])
    if min(first.sum(), (~first).sum()) < FEWEST_FACES // 3:
        return None
    known = fit_known_faces(views[0][first])
    novelties = np.mean([known.novelty(view[~first]) for view in views], axis=0)
    limit = upper_bound(novelties, BEYOND)
    return known, float(min(limit, novelties.max()))
