"""What a network says beside its logits: its head of each cell of the last grid, its features of how new a face is."""

from __future__ import annotations

import torch
from torch import nn

from unmask.novelty import TINY, KnownFaces
from unmask.schema import FAKE, REAL

MOST_SIDE = 8
"""Cells on a side of the map of a flattening head: each costs one more pass through that head."""
MOST_ABLATED = 1 << 22
"""Numbers that one face's ablated grids may hold together (16 MiB); larger networks go without a map."""


def with_activation_map(model: nn.Module, example: torch.Tensor) -> CellMap | AblationMap | None:
    """Return the network with a second output, the activation map; None where it can have none.

    A network has one if its last features are a grid. Heads that pool the grid are asked about each cell
    (`CellMap`), heads that flatten it about the grid without each cell (`AblationMap`).

    Args:
        model: A timm network in evaluation mode.
        example: A batch [N, 3, S, S] of the size that it will get.
    """
    with torch.no_grad():
        features = model.forward_features(example)
        if not isinstance(features, torch.Tensor) or features.ndim != 4:
            return None
        if _takes_cells(model, features):
            return CellMap(model).eval()
    side = min(MOST_SIDE, *features.shape[2:])
    if _is_channels_last(model) or features[0].numel() * side**2 > MOST_ABLATED:
        return None
    return AblationMap(model, features.shape[2], features.shape[3]).eval()


class CellMap(nn.Module):
    """A network that also gives, for each cell of its last grid, what its head says of that cell alone.

    With average pooling and a linear head that is the class activation map (Zhou et al., CVPR 2016): its
    mean over the grid is the difference of the logits.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model, self.channels_last = model, _is_channels_last(model)

    def forward(self, input: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [N, 2] and the map [N, h, w] of a batch [N, 3, S, S]."""
        return self.of_features(self.model.forward_features(input))

    def of_features(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the same of the last grid, in the network's own layout."""
        logits = self.model.forward_head(features)
        rows = features if self.channels_last else features.permute(0, 2, 3, 1)
        of_cells = _difference(self.model.forward_head(_cells(features, self.channels_last)))
        return logits, of_cells.reshape(-1, rows.shape[1], rows.shape[2])


class AblationMap(nn.Module):
    """A network that also gives what each cell of its last grid adds to the fake-minus-real logit.

    The logit with all cells minus that with one put to zero, as dropout before the head does in training
    (occlusion, Zeiler and Fergus, ECCV 2014, but of features), times the number of cells: of a linear head
    with average pooling that is the class activation map without the bias. Grids beyond 8x8 are ablated in
    8x8 patches.
    """

    def __init__(self, model: nn.Module, height: int, width: int) -> None:
        super().__init__()
        self.model = model
        self.shape = (min(MOST_SIDE, height), min(MOST_SIDE, width))
        rows = torch.arange(height) * self.shape[0] // height
        columns = torch.arange(width) * self.shape[1] // width
        patches = rows[:, None] * self.shape[1] + columns[None, :]
        kept = patches[None] != torch.arange(self.shape[0] * self.shape[1])[:, None, None]
        self.register_buffer("kept", kept[None, :, None].float(), persistent=False)

    def forward(self, input: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [N, 2] and the map [N, h, w], at most 8x8, of a batch [N, 3, S, S]."""
        return self.of_features(self.model.forward_features(input))

    def of_features(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the same of the last grid [N, D, h, w]."""
        logits = self.model.forward_head(features)
        without = _difference(self.model.forward_head((features[:, None] * self.kept).flatten(0, 1)))
        count = self.shape[0] * self.shape[1]
        added = (_difference(logits)[:, None] - without.reshape(-1, count)) * count
        return logits, added.reshape(-1, *self.shape)


class WithNovelty(nn.Module):
    """A network, or one with its map, that also gives each face's novelty (`novelty.py`) as its last output."""

    def __init__(self, model: nn.Module, mapped: CellMap | AblationMap | None, known: KnownFaces) -> None:
        super().__init__()
        self.model, self.mapped = model, mapped
        self.register_buffer("mean", torch.from_numpy(known.mean), persistent=False)
        self.register_buffer("directions", torch.from_numpy(known.directions), persistent=False)
        self.register_buffer("drawn", torch.from_numpy(known.drawn), persistent=False)
        self.scale, self.offset = known.scale, known.offset

    def forward(self, input: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return logits [N, 2], the map [N, h, w] where there is one, and novelty [N] of a batch [N, 3, S, S]."""
        features, texture = features_and_texture(self.model, input)
        said = self.mapped.of_features(features) if self.mapped else (self.model.forward_head(features),)
        pooled = self.model.forward_head(features, pre_logits=True)
        rooted = pooled.sign() * pooled.abs().sqrt()
        centred = rooted / rooted.norm(dim=1, keepdim=True).clamp(min=TINY) - self.mean
        outside = centred - (centred @ self.directions.T) @ self.directions
        distance = outside.square().sum(dim=1).sqrt() / self.scale
        return (*said, torch.maximum(distance, texture @ self.drawn + self.offset))


def pooled_features(model: nn.Module, features: torch.Tensor) -> torch.Tensor | None:
    """Return what the last layer of the head takes, [N, D], of a network's last features; None if it has no such."""
    try:
        pooled = model.forward_head(features, pre_logits=True)
    except (AttributeError, RuntimeError, TypeError):
        return None
    return pooled if isinstance(pooled, torch.Tensor) and pooled.ndim == 2 else None


def features_and_texture(model: nn.Module, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a network's last features of a batch [N, 3, S, S], and its texture [N, C].

    The texture is the mean over all places of each channel of an inner stage. Of a network that names no stages
    (timm's `feature_info`), does not pass through them or gives no single grid there, it is that of its last features.
    """
    kept: list[torch.Tensor] = []
    stage, channels = _inner_stage(model)
    hook = None if stage is None else stage.register_forward_hook(lambda _module, _args, said: kept.append(said))
    try:
        features = model.forward_features(batch)
    finally:
        if hook is not None:
            hook.remove()
    if kept and isinstance(kept[-1], torch.Tensor):
        return features, _channel_means(kept[-1], _is_channels_last(model), channels)
    # A network of several branches gives the features of each.
    grid = features if isinstance(features, torch.Tensor) else features[-1]
    return features, _channel_means(grid, _is_channels_last(model), None)


def _inner_stage(model: nn.Module) -> tuple[nn.Module | None, int | None]:
    """Return the stage at two thirds of a network's depth, the last but one of four or five, and its channels."""
    stages = list(getattr(model, "feature_info", None) or [])
    if not stages:
        return None, None
    info = stages[len(stages) * 2 // 3]
    try:
        return model.get_submodule(info["module"]), info.get("num_chs")
    except AttributeError:  # a few networks name stages that they do not have
        return None, None


def _channel_means(grid: torch.Tensor, channels_last: bool, channels: int | None) -> torch.Tensor:
    """Return the mean over all places of features [N, C], [N, T, C], or [N, h, w, C] or [N, C, h, w].

    Of the last two that which has as many channels, where that is known: a few networks change within.
    """
    if grid.ndim == 4:
        if channels is not None and grid.shape[1] != grid.shape[3]:
            channels_last = grid.shape[3] == channels
        grid = grid if channels_last else grid.permute(0, 2, 3, 1)
    return grid if grid.ndim == 2 else grid.flatten(1, -2).mean(dim=1)


def _is_channels_last(model: nn.Module) -> bool:
    return str(getattr(model, "output_fmt", "NCHW")).upper().endswith("NHWC")


def _cells(features: torch.Tensor, channels_last: bool) -> torch.Tensor:
    """Return every cell of a batch of grids as a grid of one cell, in the layout of the network."""
    if channels_last:
        return features.reshape(-1, 1, 1, features.shape[3])
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1], 1, 1)


def _difference(logits: torch.Tensor) -> torch.Tensor:
    return logits[:, FAKE] - logits[:, REAL]


def _takes_cells(model: nn.Module, features: torch.Tensor) -> bool:
    """Say whether the head pools: it takes a single cell, and the places of the cells do not matter to it."""
    channels_last = _is_channels_last(model)
    drawn = torch.randn(features.shape, generator=torch.Generator().manual_seed(0)).to(features)
    turned = drawn.flip(1, 2) if channels_last else drawn.flip(2, 3)
    try:
        model.forward_head(_cells(drawn[:1], channels_last))
    except RuntimeError:
        return False
    return torch.allclose(model.forward_head(drawn), model.forward_head(turned), rtol=1e-3, atol=1e-3)
