"""MesoNet's published Keras weights to the tensors of our own network: read without Keras, and strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import timm
import torch
from torch import nn

from unmask.errors import BrokenDetector

if TYPE_CHECKING:
    import h5py

MOST_FILE_BYTES = 16 << 20
MOST_ARRAY_BYTES = 4 << 20
MOST_NAMES = 500
NAME = re.compile(r"(conv2d|batch_normalization|dense)(?:_(\d{1,9}))?")
WEIGHTS = {
    "conv2d": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "dense": ("kernel", "bias"),
}
ARCHITECTURES = {4: "meso4", 16: "mesoinception4"}
"""The network, told by the number of its convolutions."""


@dataclass(frozen=True)
class KerasLayer:
    """A layer with weights: its kind, the number in its name, and its arrays by name, in Keras' own order of axes."""

    kind: str
    number: int
    arrays: dict[str, np.ndarray]


def read_meso_network(path: Path) -> tuple[str, nn.Module]:
    """Return the name and the network, in evaluation mode, of a Keras file of Meso4 or MesoInception4 weights.

    Their one output is the probability of a real face (classes by the alphabet: df, real), ours that of a fake
    one: the last layer is negated.

    Raises:
        BrokenDetector: The file is damaged, unsafe, or of another network.
    """
    layers = read_keras_layers(path)
    architecture = ARCHITECTURES.get(sum(layer.kind == "conv2d" for layer in layers))
    if architecture is None:
        raise _broken(path, f"{len(layers)} layers, which are neither Meso4's nor MesoInception4's")
    model = timm.create_model(architecture, num_classes=2)
    tensors = {name: value for name, value in model.state_dict().items() if name.endswith("num_batches_tracked")}
    for kind, parts in _parts_by_kind(model).items():
        found = [layer for layer in layers if layer.kind == kind]
        if len(found) != len(parts):
            raise _broken(path, f"{len(found)} layers {kind}, {architecture} has {len(parts)}")
        for layer, (name, part) in zip(found, parts, strict=True):
            tensors |= {f"{name}.{key}": value for key, value in _tensors_of(path, layer, part).items()}
    tensors |= {"fc.weight": -tensors["fc.weight"], "fc.bias": -tensors["fc.bias"]}
    model.load_state_dict(tensors)
    return architecture, model.eval()


def read_keras_layers(path: Path) -> list[KerasLayer]:
    """Return the layers with weights of a Keras HDF5 file, in the order in which they were made.

    That order is the number in a layer's name; the file's own order mixes the branches of an inception. Only
    plain float32 arrays of the file itself are read: no link, no external or compressed storage, no
    `model_config`, which may hold code.

    Raises:
        BrokenDetector: The file is too large, damaged, or holds anything else.
    """
    import h5py

    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise _broken(path, "more than 16 MiB, which no such network has")
        with h5py.File(path, "r") as file:
            root = file if "layer_names" in file.attrs else _enter(path, file, "model_weights", h5py.Group)
            names = _read_names(path, root, "layer_names")
            layers = [_read_layer(path, root, name) for name in names]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BrokenDetector(f"{path} is no whole Keras weight file ({reason}). Download it again.") from None
    return sorted((layer for layer in layers if layer), key=lambda layer: (layer.kind, layer.number))


def _broken(path: Path, holds: str) -> BrokenDetector:
    return BrokenDetector(f"{path} holds {holds}. Give MesoNet's published .h5 weights.")


def _read_layer(path: Path, root: h5py.Group, name: str) -> KerasLayer | None:
    """Return a layer, or None for one without weights, such as a pooling."""
    import h5py

    group = _enter(path, root, name, h5py.Group)
    weights = _read_names(path, group, "weight_names")
    if not weights:
        return None
    match = NAME.fullmatch(name)
    if not match or tuple(weights) != tuple(f"{name}/{weight}:0" for weight in WEIGHTS[match[1]]):
        raise _broken(path, f"the layer {name[:40]!r} with weights that MesoNet has not")
    inner = _enter(path, group, name, h5py.Group)
    arrays = {weight: _read_array(path, inner, f"{weight}:0") for weight in WEIGHTS[match[1]]}
    return KerasLayer(match[1], int(match[2] or 0), arrays)


def _enter(path: Path, group: h5py.Group, name: str, kind: type) -> Any:
    """Return a member that lies in this very file: soft and external links could point anywhere."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink) or group.get(name, getclass=True) is not kind:
        raise _broken(path, f"no {kind.__name__.lower()} {name[:40]!r} of its own")
    return group[name]


def _read_names(path: Path, group: h5py.Group, key: str) -> list[str]:
    if key not in group.attrs or group.attrs.get_id(key).shape == () or group.attrs.get_id(key).shape[0] > MOST_NAMES:
        raise _broken(path, f"no list {key}")
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[key]]
    if len(set(names)) != len(names):
        raise _broken(path, f"a name twice in {key}")
    return names


def _read_array(path: Path, group: h5py.Group, name: str) -> np.ndarray:
    import h5py

    dataset = _enter(path, group, name, h5py.Dataset)
    is_plain = dataset.chunks is None and dataset.external is None and not dataset.is_virtual
    if not is_plain or dataset.dtype != np.float32 or dataset.size * 4 > MOST_ARRAY_BYTES:
        raise _broken(path, f"{dataset.name[:60]}, which is no small plain float32 array")
    array = np.asarray(dataset[()])
    if not np.isfinite(array).all() or ("variance" in name and (array < 0).any()):
        raise _broken(path, f"{dataset.name[:60]} with values that no weights have")
    return array


def _parts_by_kind(model: nn.Module) -> dict[str, list[tuple[str, nn.Module]]]:
    """Return the network's layers with weights, by Keras' kind, each in the order of making."""
    kinds = {"conv2d": nn.Conv2d, "batch_normalization": nn.BatchNorm2d, "dense": nn.Linear}
    return {
        kind: [(name, part) for name, part in model.named_modules() if isinstance(part, of_kind)]
        for kind, of_kind in kinds.items()
    }


def _tensors_of(path: Path, layer: KerasLayer, part: nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors of one layer in torch's order of axes, their shapes checked."""
    arrays = layer.arrays
    if layer.kind == "batch_normalization":
        named = dict(zip(("weight", "bias", "running_mean", "running_var"), arrays.values(), strict=True))
    else:
        kernel = arrays["kernel"]
        named = {"weight": _turn_kernel(kernel, part.weight.shape), "bias": arrays["bias"]}
    for name, array in named.items():
        if array.shape != tuple(getattr(part, name).shape):
            wanted = tuple(getattr(part, name).shape)
            raise _broken(path, f"{layer.kind}_{layer.number} with a {name} of {array.shape}, not {wanted}")
    return {name: torch.from_numpy(np.array(array)) for name, array in named.items()}


def _turn_kernel(kernel: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    """Return a kernel with its outputs first.

    A flattened grid goes by rows, columns and channels in Keras, by channels, rows and columns in torch.
    """
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    grid_inputs = 8 * 8 * 16
    if kernel.ndim == 2 and kernel.shape[0] == grid_inputs == wanted[1]:
        return kernel.reshape(8, 8, 16, -1).transpose(3, 2, 0, 1).reshape(-1, grid_inputs)
    return kernel.T
