"""Weights in half precision on disk: half the file, and the same probabilities to 1e-4 in every loader.

Rounding happens once, to the network (`round_weights`), so that all who load it compute with the same numbers in
float32. After it what is stored in half is stored without loss: a tensor goes into float16 where it comes back
unchanged, and stays in float32 where it does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

SMALLEST = 1024
"""Below so many numbers a tensor is not worth it: norms and biases, to which rounding would do the most."""
MOST = float(np.finfo(np.float16).max)


@torch.no_grad()
def round_weights(model: nn.Module, side: int) -> None:
    """Round a network's large tensors to float16's numbers, in place; everything goes on in float32.

    Batch norms are put into the convolutions before them first, where that changes nothing. An exporter does that, too,
    and rounded before it the product would not be float16 again. Tensors with numbers beyond float16 stay as they are.

    Args:
        model: Any network in evaluation mode; its names and shapes stay as they are.
        side: Of its square input in pixels.
    """
    device = next(model.parameters()).device
    example = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    _put_norms_into_convolutions(model, example)
    for tensor in model.state_dict().values():
        if tensor.is_floating_point() and tensor.ndim > 1 and tensor.numel() >= SMALLEST and tensor.abs().max() < MOST:
            tensor.copy_(tensor.half())


def halved(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors for storing: in float16 those that lose nothing by it, the others as they are."""
    return {name: tensor.half() if _survives(tensor) else tensor for name, tensor in tensors.items()}


def halve_onnx(model: bytes) -> bytes:
    """Return an ONNX file with its initializers stored in float16 where they lose nothing; it computes the same.

    A Cast to float32 follows each, which ONNX Runtime does once, when it loads the file.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    proto = onnx.load_from_string(model)
    casts = []
    for stored in list(proto.graph.initializer):
        if stored.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(stored)
        if not _survives(torch.from_numpy(np.array(values))):
            continue
        name = f"{stored.name}.half"
        casts.append(helper.make_node("Cast", [name], [stored.name], to=TensorProto.FLOAT))
        stored.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
    nodes = [*casts, *proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    return bytes(proto.SerializeToString())


def _survives(tensor: torch.Tensor) -> bool:
    if tensor.dtype != torch.float32 or tensor.numel() < SMALLEST:
        return False
    return bool(torch.equal(tensor.half().float(), tensor))


def _put_norms_into_convolutions(model: nn.Module, example: torch.Tensor) -> None:
    """Scale convolutions as the norms after them would, unless the network says something else after it.

    It would where a convolution's output goes elsewhere, too, as to a shortcut.
    """
    before, own = model(example), {name: value.clone() for name, value in model.state_dict().items()}
    for convolution, norm in _pairs(model, example):
        _put_into(convolution, norm)
    if not torch.allclose(model(example), before, rtol=1e-3, atol=1e-3 * float(before.abs().max())):
        model.load_state_dict(own)


def _pairs(model: nn.Module, example: torch.Tensor) -> list[tuple[nn.Conv2d, _BatchNorm]]:
    """Return the convolutions without a bias whose output a batch norm takes in as it is."""
    made: dict[int, tuple[nn.Conv2d, torch.Tensor]] = {}  # the tensors too: a freed one's id comes again
    pairs: list[tuple[nn.Conv2d, _BatchNorm]] = []

    def keep(part: nn.Module, _: object, output: torch.Tensor) -> None:
        assert isinstance(part, nn.Conv2d)
        made[id(output)] = (part, output)

    def match(part: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(part, _BatchNorm)
        convolution, _ = made.get(id(inputs[0]), (None, None))
        if convolution is not None and convolution.bias is None and part.affine:
            pairs.append((convolution, part))

    hooks = [part.register_forward_hook(keep) for part in model.modules() if isinstance(part, nn.Conv2d)]
    hooks += [part.register_forward_pre_hook(match) for part in model.modules() if isinstance(part, _BatchNorm)]
    try:
        model(example)
    finally:
        for hook in hooks:
            hook.remove()
    used_once = {id(convolution): sum(convolution is other for other, _ in pairs) == 1 for convolution, _ in pairs}
    return [pair for pair in pairs if used_once[id(pair[0])]]


def _put_into(convolution: nn.Conv2d, norm: _BatchNorm) -> None:
    """Scale a convolution as its norm would; the norm then takes its statistics as they are, and only moves its mean.

    Its weight is the very number that it divides by, so that the scale is 1 exactly and undoes no rounding. In
    training, where a norm takes each batch's own statistics, it gives what it gave before. As the identity, with mean
    0 and variance 1, it would then divide out a part of what was learnt.
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / _divisor(norm)
    convolution.weight.mul_(scale[:, None, None, None])
    norm.running_mean.mul_(scale)
    norm.running_var.mul_(scale**2)
    norm.weight.copy_(_divisor(norm))


def _divisor(norm: _BatchNorm) -> torch.Tensor:
    """Return what a norm divides by as an exporter computes it: by NumPy, as torch's root may differ by a bit."""
    assert norm.running_var is not None
    variance = norm.running_var.cpu().numpy()
    return torch.from_numpy(np.sqrt(variance + np.float32(norm.eps))).to(norm.running_var.device)
