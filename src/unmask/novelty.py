"""How far a face's features are from all that a detector was calibrated on: what they hold outside a subspace.

The features of known faces lie near a subspace, and what a network makes of anything else sticks out of it: the
residual of a principal component analysis, as in Wang et al., "ViM: Out-Of-Distribution with Virtual-logit
Matching" (CVPR 2022). Both classes are known, so that a face is new only if it is unlike the real and the fake ones.
Features pass through a signed square root first, which keeps a few large ones from deciding alone (Perronnin et
al., "Improving the Fisher Kernel for Large-Scale Image Classification", ECCV 2010). They are brought to length one: the
surer the network is, the longer they are, and the most obvious fakes would stick out the furthest.

Drawings lie in that subspace and were called real without exception. They are told apart by example (Hendrycks et al.,
"Deep Anomaly Detection with Outlier Exposure", ICLR 2019): one direction, fitted by ridge regression, separates the
known faces from drawn versions of themselves. It is a direction of the texture, the channel means of an inner stage,
whose statistics are a picture's style (Li et al., "Demystifying Neural Style Transfer", IJCAI 2017): the last features
keep little of it, and find drawings of other kinds much less often.
"""

from __future__ import annotations

import dataclasses
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
TINY = 1e-6
RIDGE = 0.03
"""Of the regression; from 0.0003 to 0.08 it finds as many drawings of kinds that it was not fitted on."""


@dataclass(frozen=True)
class KnownFaces:
    """The subspace of known faces: `mean` float32 [D] and orthonormal `directions` float32 [K, D].

    `scale` is what the distance from it is divided by. `drawn` float32 [C] gives, as its product with a face's
    texture, how far it is on the side of drawings; both are 1 at their own limit.
    """

    mean: np.ndarray
    directions: np.ndarray
    drawn: np.ndarray
    scale: float = 1.0
    offset: float = 0.0

    def novelty(self, features: np.ndarray, texture: np.ndarray) -> np.ndarray:
        """Return how new faces with pooled features [N, D] and texture [N, C] are, float64 [N]: the larger of both."""
        return np.maximum(self.distance(features) / self.scale, self.drawnness(texture) + self.offset)

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of pooled features [N, D] from the subspace, float64 [N]."""
        centred = unit_root(np.asarray(features, np.float64)) - self.mean
        inside = centred @ self.directions.astype(np.float64).T
        return np.sqrt(np.maximum(np.square(centred).sum(axis=1) - np.square(inside).sum(axis=1), 0))

    def drawnness(self, texture: np.ndarray) -> np.ndarray:
        """Return how far faces of a texture [N, C] are on the side of drawings, float64 [N]."""
        return np.asarray(texture, np.float64) @ self.drawn.astype(np.float64)


def unit_root(features: np.ndarray) -> np.ndarray:
    """Return features [N, D] as the square root of their magnitudes with the signs kept, each face's of length one."""
    rooted = np.sign(features) * np.sqrt(np.abs(features))
    return rooted / np.maximum(np.linalg.norm(rooted, axis=1, keepdims=True), TINY)


def fit_known_faces(features: np.ndarray, known: np.ndarray, drawn: np.ndarray) -> KnownFaces:
    """Return the subspace of the features [N, D] of known faces, and what tells their textures from drawn ones.

    `known` [M, C] are textures of photographs, `drawn` [K, C] of drawings.
    """
    rooted = unit_root(np.asarray(features, np.float64))
    mean = rooted.mean(axis=0)
    count = min(MOST_DIRECTIONS, len(rooted) // FACES_PER_DIRECTION, rooted.shape[1] // 2)
    _, _, directions = np.linalg.svd(rooted - mean, full_matrices=False)
    aside = fit_direction(np.asarray(known, np.float64), np.asarray(drawn, np.float64))
    return KnownFaces(mean.astype(np.float32), directions[:count].astype(np.float32), aside.astype(np.float32))


def fit_direction(known: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return the direction [C] in which known [N, C] and drawn faces [M, C] lie apart, by ridge regression.

    Both weigh alike, however many there are, and each of the C numbers counts in deviations of the known faces.
    """
    scale = np.maximum(known.std(axis=0), TINY)
    both = np.concatenate([known, drawn]) / scale
    target = np.concatenate([np.full(len(known), -1.0), np.full(len(drawn), 1.0)])
    weights = np.concatenate([np.full(len(known), 1 / len(known)), np.full(len(drawn), 1 / len(drawn))]) / 2
    centred = both - weights @ both
    gram = centred.T @ (weights[:, None] * centred) + RIDGE * np.eye(both.shape[1])
    return np.linalg.solve(gram, centred.T @ (weights * target)) / scale


def fit_novelty(
    views: np.ndarray, textures: np.ndarray, worsened: np.ndarray, drawn: np.ndarray, sources: list[str]
) -> tuple[KnownFaces, float] | None:
    """Return the known faces and the limit beyond which a face is new; None where there are too few faces.

    Subspace and direction are those of one half of the sources, the limits those of the other half: a face of
    another person is beyond them with a probability of about one in a hundred.

    Args:
        views: Pooled features of each view of each face, [V, N, D]; their novelties are averaged.
        textures: The same views' textures [V, N, C].
        worsened: The texture of a worsened version of each face, [N, C], which is a photograph still.
        drawn: That of a drawn version of each face, [N, C].
        sources: What each face comes from, N names.
    """
    if len(sources) < FEWEST_FACES or not 2 <= views.shape[2] <= MOST_FEATURES:
        return None
    first = np.array([hashlib.sha256(source.encode()).digest()[0] % 2 == 0 for source in sources])
    if min(first.sum(), (~first).sum()) < FEWEST_FACES // 3:
        return None
    known = fit_known_faces(views[0][first], np.concatenate([textures[0][first], worsened[first]]), drawn[first])
    others = list(zip(views[:, ~first], textures[:, ~first], strict=True))
    scale = _limit(np.mean([known.distance(view) for view, _ in others], axis=0), BEYOND / 2)
    offset = 1 - _limit(np.mean([known.drawnness(texture) for _, texture in others], axis=0), BEYOND / 2)
    known = dataclasses.replace(known, scale=max(scale, TINY), offset=offset)
    return known, _limit(np.mean([known.novelty(*view) for view in others], axis=0), BEYOND)


def _limit(values: np.ndarray, share: float) -> float:
    """Return what at most `share` of new values exceed; the largest where too few are known."""
    return float(min(upper_bound(values, share), values.max()))
