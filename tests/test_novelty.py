"""What lies off the subspace of known faces is new, and its limit holds on faces that were not fitted."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.novelty import BEYOND, FEWEST_FACES, RIDGE, fit_direction, fit_known_faces, fit_novelty, unit_root

SIZE, RANK = 64, 8


def draw_features(count: int, seed: int) -> np.ndarray:
    """Return features [N, 64] whose signed roots lie near one subspace of eight dimensions."""
    rng = np.random.default_rng(seed)
    rooted = rng.normal(size=(count, RANK)) @ np.random.default_rng(0).normal(size=(RANK, SIZE))
    rooted += rng.normal(scale=0.1, size=rooted.shape)
    return np.sign(rooted) * rooted**2


def draw_strangers(count: int) -> np.ndarray:
    return np.random.default_rng(9).normal(scale=3, size=(count, SIZE)) ** 3


def draw_drawings(count: int, seed: int) -> np.ndarray:
    """Return features inside the same subspace, moved along one direction of it."""
    aside = 6 * np.random.default_rng(0).normal(size=(RANK, SIZE))[0]
    features = draw_features(count, seed)
    rooted = np.sign(features) * np.sqrt(np.abs(features)) + aside
    return np.sign(rooted) * rooted**2


def test_features_have_length_one_and_keep_their_signs() -> None:
    rooted = unit_root(np.array([[9.0, -16.0], [0.0, 0.0]]))
    np.testing.assert_allclose(rooted, [[0.6, -0.8], [0.0, 0.0]])


def test_being_surer_of_a_known_face_makes_it_no_newer() -> None:
    """All features of a face times ten is the same face to the network, but surer."""
    features = draw_features(300, 1)
    known = fit_known_faces(features, draw_drawings(300, 5))
    np.testing.assert_allclose(known.novelty(10 * features), known.novelty(features))


def test_the_distance_is_what_principal_components_leave() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    features = draw_features(90, 1)
    known = fit_known_faces(features, draw_drawings(90, 5))
    rooted = unit_root(features)
    pca = decomposition.PCA(len(known.directions), svd_solver="full").fit(rooted)
    others = draw_features(20, 2)
    rooted = unit_root(others)
    rest = np.linalg.norm(rooted - pca.inverse_transform(pca.transform(rooted)), axis=1)
    np.testing.assert_allclose(known.distance(others), rest, rtol=1e-3)


def test_new_faces_are_seldom_beyond_the_limit_and_strangers_always() -> None:
    sources = [f"person-{number}" for number in range(2000)]
    fitted = fit_novelty(draw_features(2000, 1)[None], draw_drawings(2000, 5), sources)
    assert fitted is not None
    known, limit = fitted
    assert np.mean(known.novelty(draw_features(4000, 2)) > limit) <= BEYOND + 0.01
    assert np.all(known.novelty(draw_strangers(50)) > limit)


def test_drawings_are_beyond_the_limit_though_inside_the_subspace() -> None:
    fitted = fit_novelty(draw_features(2000, 1)[None], draw_drawings(2000, 5), [str(n) for n in range(2000)])
    assert fitted is not None
    known, limit = fitted
    others = draw_drawings(200, 6)
    assert np.mean(known.distance(others) / known.scale > limit) < 0.1
    assert np.mean(known.novelty(others) > limit) > 0.9


def test_the_direction_is_that_of_ridge_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    known, drawn = np.random.default_rng(1).normal(size=(2, 50, 7))
    both, target = np.concatenate([known, drawn + 0.5]), np.repeat([-1.0, 1.0], 50)
    expected = linear_model.Ridge(RIDGE, fit_intercept=False).fit(both, target).coef_
    np.testing.assert_allclose(fit_direction(known, drawn + 0.5), expected, rtol=1e-6)


def test_people_are_on_one_side_of_fitting_and_limit() -> None:
    """Copies of one face per person: were they split by face, the limit would be that of fitted faces."""
    features = np.repeat(np.random.default_rng(4).normal(size=(30, SIZE)), 20, axis=0)
    fitted = fit_novelty(features[None], draw_drawings(600, 5), [f"person-{index // 20}" for index in range(600)])
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
    assert (
        fit_novelty(np.zeros((1, count, size)), np.zeros((count, size)), [str(index) for index in range(count)]) is None
    )
