"""What lies off the subspace of known faces is new, and its limit holds on faces that were not fitted."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.novelty import (
    BEYOND,
    FEWEST_FACES,
    RIDGE,
    KnownFaces,
    fit_direction,
    fit_known_faces,
    fit_novelty,
    unit_root,
)

SIZE, RANK, CHANNELS = 64, 8, 16


def draw_features(count: int, seed: int) -> np.ndarray:
    """Return features [N, 64] whose signed roots lie near one subspace of eight dimensions."""
    rng = np.random.default_rng(seed)
    rooted = rng.normal(size=(count, RANK)) @ np.random.default_rng(0).normal(size=(RANK, SIZE))
    rooted += rng.normal(scale=0.1, size=rooted.shape)
    return np.sign(rooted) * rooted**2


def draw_strangers(count: int) -> np.ndarray:
    return np.random.default_rng(9).normal(scale=3, size=(count, SIZE)) ** 3


def draw_textures(count: int, seed: int, drawn: bool = False) -> np.ndarray:
    """Return textures [N, 16] of photographs, or of drawings, moved along one direction; each number has its unit."""
    units = np.logspace(-2, 2, CHANNELS)
    aside = 4 * np.random.default_rng(0).normal(size=CHANNELS) * drawn
    return units * (np.random.default_rng(seed).normal(size=(count, CHANNELS)) + 5 + aside)


def fit(count: int) -> tuple[KnownFaces, float]:
    """Return what is fitted on so many made-up faces, each another person's."""
    textures = [draw_textures(count, 11), draw_textures(count, 12), draw_textures(count, 13, drawn=True)]
    fitted = fit_novelty(
        draw_features(count, 1)[None], textures[0][None], *textures[1:], [str(n) for n in range(count)]
    )
    assert fitted is not None
    return fitted


def test_features_have_length_one_and_keep_their_signs() -> None:
    rooted = unit_root(np.array([[9.0, -16.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rooted, [[0.6, -0.8], [0.0, 0.0]])


def test_being_surer_of_a_known_face_makes_it_no_newer() -> None:
    """All features of a face times ten is the same face to the network, but surer."""
    features = draw_features(300, 1)
    known = fit_known_faces(features, draw_textures(300, 2), draw_textures(300, 3, drawn=True))
    np.testing.assert_allclose(known.distance(10 * features), known.distance(features))


def test_the_distance_is_what_principal_components_leave() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    features = draw_features(90, 1)
    known = fit_known_faces(features, draw_textures(90, 2), draw_textures(90, 3, drawn=True))
    rooted = unit_root(features)
    pca = decomposition.PCA(len(known.directions), svd_solver="full").fit(rooted)
    others = draw_features(20, 2)
    rooted = unit_root(others)
    rest = np.linalg.norm(rooted - pca.inverse_transform(pca.transform(rooted)), axis=1)
    np.testing.assert_allclose(known.distance(others), rest, rtol=1e-3)


@pytest.mark.parametrize(
    ("features", "textures", "least", "most"),
    [
        (draw_features(4000, 2), draw_textures(4000, 21), 0, BEYOND + 0.01),  # new faces
        (draw_strangers(4000), draw_textures(4000, 21), 1, 1),  # strangers, whatever their texture is
        (draw_features(4000, 2), draw_textures(4000, 21, drawn=True), 0.98, 1),  # drawings, within the subspace
    ],
    ids=["new faces", "strangers", "drawings"],
)
def test_new_faces_are_seldom_beyond_the_limit(
    features: np.ndarray, textures: np.ndarray, least: float, most: float
) -> None:
    known, limit = fit(2000)
    assert least <= np.mean(known.novelty(features, textures) > limit) <= most


def test_the_direction_is_that_of_ridge_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    known, drawn = draw_textures(50, 1), draw_textures(20, 2, drawn=True)
    both, target = np.concatenate([known, drawn]) / known.std(axis=0), np.repeat([-1.0, 1.0], [50, 20])
    weights = np.repeat([0.5 / 50, 0.5 / 20], [50, 20])
    expected = linear_model.Ridge(RIDGE).fit(both, target, sample_weight=weights).coef_ / known.std(axis=0)
    np.testing.assert_allclose(fit_direction(known, drawn), expected, rtol=1e-6)


def test_people_are_on_one_side_of_fitting_and_limit() -> None:
    """Copies of one face per person: were they split by face, the limit would be that of fitted faces."""
    features = np.repeat(np.random.default_rng(4).normal(size=(30, SIZE)), 20, axis=0)
    textures = draw_textures(600, 11), draw_textures(600, 12), draw_textures(600, 13, drawn=True)
    people = [f"person-{index // 20}" for index in range(600)]
    fitted = fit_novelty(features[None], textures[0][None], *textures[1:], people)
    assert fitted is not None
    known, limit = fitted
    assert limit * known.scale > 0.5  # of a fitted face the distance is nearly nothing


@pytest.mark.parametrize(
    ("count", "size"),
    [
        (FEWEST_FACES - 1, SIZE),  # too few faces
        (FEWEST_FACES, 1),  # a single number
        (0, SIZE),  # none at all
    ],
)
def test_too_little_to_go_by_gives_none(count: int, size: int) -> None:
    textures = np.zeros((count, CHANNELS))
    people = [str(index) for index in range(count)]
    assert fit_novelty(np.zeros((1, count, size)), textures[None], textures, textures, people) is None
