"""The second output says what each cell speaks for, also where the head flattens the grid."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need the train extra")

import timm  # noqa: E402

import unmask.backbones  # noqa: E402, F401
from unmask.activation_maps import (  # noqa: E402
    AblationMap,
    CellMap,
    WithNovelty,
    _channel_means,
    features_and_texture,
    pooled_features,
    with_activation_map,
)
from unmask.novelty import fit_known_faces  # noqa: E402

BATCH = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def make(name: str, **how: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=2, **how).eval()


@pytest.mark.parametrize(
    ("name", "how", "kind"),
    [
        ("test_resnet", {}, CellMap),  # average pooling
        ("test_mambaout", {}, CellMap),  # its channels come last
        ("frequency_cnn", {"width": 8}, CellMap),  # one sees windows, at their places
        ("meso4", {}, AblationMap),  # flattened: the place of a cell matters
        ("simple_cnn", {"widths": [8, 8], "hidden": 4}, AblationMap),
    ],
)
def test_the_head_decides_the_kind(name: str, how: dict, kind: type) -> None:
    model = make(name, **how)
    mapped = with_activation_map(model, BATCH)
    assert type(mapped) is kind
    logits, cells = mapped(BATCH)
    assert torch.allclose(logits, model(BATCH), atol=1e-6)
    assert cells.ndim == 3
    assert len(cells) == 2


def test_a_vector_head_has_no_map() -> None:
    model = make("test_vit")
    assert with_activation_map(model, torch.zeros(1, 3, 160, 160)) is None


def test_a_large_flattening_head_goes_without() -> None:
    model = make("simple_cnn", widths=[256], hidden=4)
    assert with_activation_map(model, torch.zeros(1, 3, 64, 64)) is None


def test_the_mean_of_the_cells_is_the_logit_where_the_head_averages() -> None:
    model = make("frequency_cnn", width=8)
    logits, cells = with_activation_map(model, BATCH)(BATCH)
    assert torch.allclose(cells.mean(dim=(1, 2)), logits[:, 1] - logits[:, 0], atol=1e-5)


def test_ablation_of_an_averaging_head_is_its_activation_map_without_the_bias() -> None:
    model = make("frequency_cnn", width=8)
    bias = model.fc.bias[1] - model.fc.bias[0]
    ablated = AblationMap(model, 4, 4)(BATCH)[1]
    assert torch.allclose(ablated, CellMap(model)(BATCH)[1] - bias, atol=1e-4)


def test_ablation_finds_the_one_cell_that_the_head_looks_at() -> None:
    model = make("meso4")
    with torch.no_grad():
        weight = model.pool[3].weight.view(16, 16, 8, 8)
        seen = weight[:, :, 2, 5].clone()
        weight.zero_()
        weight[:, :, 2, 5] = seen
    features = model.forward_features(BATCH.repeat(1, 1, 4, 4))
    assert features.shape[2:] == (8, 8)
    cells = AblationMap(model, 8, 8)(BATCH.repeat(1, 1, 4, 4))[1]
    assert (cells.flatten(1).abs() > 1e-6).nonzero()[:, 1].unique().tolist() == [2 * 8 + 5]


@pytest.mark.parametrize(
    ("name", "side", "outputs"),
    [
        ("test_resnet", 64, 3),  # a pooled grid
        ("meso4", 64, 3),  # a flattened one, and a hidden layer
        ("test_vit", 160, 2),  # no map, but features
    ],
)
def test_novelty_is_the_last_output_and_changes_no_other(name: str, side: int, outputs: int) -> None:
    model = make(name)
    batch = torch.randn(40, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        features, texture = features_and_texture(model, batch)
        pooled = pooled_features(model, features)
        assert pooled is not None
        known = fit_known_faces(pooled.numpy()[:20], texture.numpy(), texture.numpy()[:20] + 1)
        # A direction along which these faces lie far apart, so that each of both terms is the larger of some.
        aside, distance = np.random.default_rng(0).normal(size=texture.shape[1]), known.distance(pooled.numpy())
        aside *= distance.std() / (texture.numpy() @ aside).std()
        place = texture.numpy() @ aside
        offset = float(np.median(distance) - np.median(place))
        known = dataclasses.replace(known, drawn=aside.astype(np.float32), offset=offset)
        assert 0.2 < np.mean(place + offset > distance) < 0.8
        mapped = with_activation_map(model, batch[:2])
        said = WithNovelty(model, mapped, known)(batch)
        assert len(said) == outputs
        assert torch.allclose(said[0], model(batch), atol=1e-5)
        if mapped:
            assert torch.allclose(said[1], mapped(batch)[1], atol=1e-5)
    assert said[-1].numpy() == pytest.approx(known.novelty(pooled.numpy(), texture.numpy()), rel=1e-2, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "side", "stage", "places"),
    [
        ("test_resnet", 64, "layer3", (2, 3)),  # [N, C, h, w]
        ("test_vit", 160, "blocks.4", (1,)),  # tokens [N, T, C]
        ("swin_tiny_patch4_window7_224", 224, "layers.2", (1, 2)),  # [N, h, w, C]
        ("meso4", 64, "blocks.2", (2, 3)),  # one of our own
    ],
)
def test_the_texture_is_the_channel_means_of_an_inner_stage(
    name: str, side: int, stage: str, places: tuple[int, ...]
) -> None:
    model = make(name)
    kept: list[torch.Tensor] = []
    model.get_submodule(stage).register_forward_hook(lambda _module, _args, said: kept.append(said))
    batch = torch.randn(2, 3, side, side)
    with torch.no_grad():
        features, texture = features_and_texture(model, batch)
        torch.testing.assert_close(features, model.forward_features(batch))
    torch.testing.assert_close(texture, kept[0].mean(dim=places))


@pytest.mark.parametrize("info", [None, [], [{"module": "no.such.stage"}]])
def test_a_network_that_names_no_stages_has_the_texture_of_its_last_features(info: object) -> None:
    model = make("test_resnet")
    model.feature_info = info
    with torch.no_grad():
        features, texture = features_and_texture(model, torch.randn(2, 3, 64, 64))
    torch.testing.assert_close(texture, features.mean(dim=(2, 3)))


@pytest.mark.parametrize(
    ("grid", "channels_last", "channels", "places"),
    [
        (torch.rand(2, 5, 4, 4), True, 5, (2, 3)),  # an inner stage in another layout than the network's end
        (torch.rand(2, 4, 4, 5), False, 5, (1, 2)),  # and the other way round
        (torch.rand(2, 4, 4, 5), True, None, (1, 2)),  # channels not named
        (torch.rand(2, 4, 4, 4), False, 4, (2, 3)),  # as many channels as rows
    ],
)
def test_the_channels_are_where_as_many_are(
    grid: torch.Tensor, channels_last: bool, channels: int | None, places: tuple[int, ...]
) -> None:
    torch.testing.assert_close(_channel_means(grid, channels_last, channels), grid.mean(dim=places))


def test_a_network_of_several_branches_has_the_texture_of_the_last_and_no_map() -> None:
    class Branches(torch.nn.Module):
        def forward_features(self, batch: torch.Tensor) -> list[torch.Tensor]:
            return [batch, 2 * batch.flatten(2).transpose(1, 2)]

    batch = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(features_and_texture(Branches(), batch)[1], 2 * batch.mean(dim=(2, 3)))
    assert with_activation_map(Branches(), batch) is None


def test_a_head_without_pooled_features_has_no_novelty() -> None:
    class Plain(torch.nn.Module):
        def forward_head(self, features: torch.Tensor) -> torch.Tensor:
            return features.mean(dim=(2, 3))

    assert pooled_features(Plain(), torch.zeros(1, 2, 4, 4)) is None
