"""Transfer learning: what of a pretrained network is trained, from when on, and how fast.

The body is everything but the head, and the head is what timm's `get_classifier` names. Give all functions
the bare network, not the one that accelerate wrapped.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from unmask.errors import TrainingError

# The linear layers of timm's transformer blocks: attention's and the two of the MLP.
ADAPTED = ("qkv", "q", "k", "v", "kv", "proj", "q_proj", "k_proj", "v_proj", "fc1", "fc2", "fc1_g", "fc1_x")


def parameter_groups(model: nn.Module, lr: float, head_lr: float | None, weight_decay: float) -> list[dict[str, Any]]:
    """Return the trainable parameters as an optimizer takes them, the head with a learning rate of its own.

    Weights decay; biases, norms and what the network itself exempts (a vision transformer's position
    embedding and class token) do not. Call it before `freeze_body`: frozen parameters have no gradient and
    are passed over by the optimizer, and they must be in it for the epoch that unfreezes them.

    Args:
        model: The network.
        lr: Peak learning rate of the body.
        head_lr: Peak learning rate of the head, None for the body's.
        weight_decay: Of the parameters that decay.
    """
    head = _head_parameters(model)
    exempt = set(model.no_weight_decay()) if hasattr(model, "no_weight_decay") else set()
    groups: list[dict[str, Any]] = [
        {"params": [], "lr": rate, "weight_decay": decay}
        for rate in (lr, lr if head_lr is None else head_lr)
        for decay in (weight_decay, 0.0)
    ]
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            is_plain = parameter.ndim <= 1 or name in exempt
            groups[2 * (id(parameter) in head) + is_plain]["params"].append(parameter)
    return [group for group in groups if group["params"]]


def freeze_body(model: nn.Module) -> None:
    """Stop training everything but the head, batch norm's running statistics included.

    Call it again after every `model.train()`, which would set the norms going. Several processes need
    `find_unused_parameters` of torch's DistributedDataParallel for the frozen epochs.
    """
    head = _head_parameters(model)
    frozen = set(getattr(model, "frozen_names", ()))
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in head:
            parameter.requires_grad_(False)
            parameter.grad = None
            frozen.add(name)
    model.frozen_names = frozenset(frozen)
    for module in model.modules():
        if isinstance(module, _BatchNorm) and not any(id(parameter) in head for parameter in module.parameters()):
            module.eval()


def unfreeze(model: nn.Module) -> None:
    """Train again what `freeze_body` froze, and nothing that was frozen for another reason."""
    frozen: frozenset[str] = getattr(model, "frozen_names", frozenset())
    for name, parameter in model.named_parameters():
        if name in frozen:
            parameter.requires_grad_(True)
    model.frozen_names = frozenset()


def add_adapters(model: nn.Module, rank: int) -> None:
    """Add low-rank adapters (LoRA, Hu et al., ICLR 2022) to the linear layers of the blocks, in place.

    From then on only the adapters and the head are trained. The adapters start at nothing: the network's
    outputs are unchanged.

    Args:
        model: A network with attention or MLP blocks, such as timm's vision transformers.
        rank: Columns of each adapter; 8 trains about 1 % of a ViT-B.

    Raises:
        TrainingError: peft is not installed, or the network has no linear layer in its blocks.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise TrainingError("Adapters need peft. Install it: pip install 'unmask[train]'.") from None
    names = _adaptable(model)
    if not names:
        raise TrainingError(
            f"A {type(model).__name__} has no linear layer in its blocks that could take adapters. "
            "Leave --lora-rank out, or choose a vision transformer."
        )
    own = {id(parameter) for parameter in model.parameters() if parameter.requires_grad}
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names), model)
    head = _head_parameters(model)
    for parameter in model.parameters():
        if id(parameter) in head and id(parameter) in own:
            parameter.requires_grad_(True)


def merge_adapters(model: nn.Module) -> None:
    """Add the adapters into the weights they adapt and take them out, in place: a plain timm network again.

    A network without adapters is left as it is.
    """
    adapted = [(name, module) for name, module in model.named_modules() if hasattr(module, "get_base_layer")]
    for name, module in adapted:
        module.merge(safe_merge=True)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, module.get_base_layer())
    for parameter in model.parameters() if adapted else ():
        parameter.requires_grad_(True)
    if hasattr(model, "peft_config"):
        del model.peft_config


def _head_parameters(model: nn.Module) -> set[int]:
    """Return the identities of the head's parameters; distilled transformers have two heads."""
    head = model.get_classifier()
    heads = head if isinstance(head, (tuple, list)) else (head,)
    return {id(parameter) for part in heads if isinstance(part, nn.Module) for parameter in part.parameters()}


def _adaptable(model: nn.Module) -> list[str]:
    """Return the full names of the linear layers that take an adapter."""
    head = _head_parameters(model)
    return [
        name
        for name, module in model.named_modules()
        if type(module) is nn.Linear
        and name.rpartition(".")[2] in ADAPTED
        and id(module.weight) not in head
        and not _is_bypassed(model, name)
    ]


def _is_bypassed(model: nn.Module, name: str) -> bool:
    """Return whether the layer above multiplies with this one's weight itself, so that it is never called.

    BEiT and EVA do so with `qkv`, whose biases they keep apart as `q_bias`.
    """
    parent, _, child = name.rpartition(".")
    return child == "qkv" and getattr(model.get_submodule(parent), "q_bias", None) is not None
