"""Transfer learning: who is trained, how fast, and adapters that come and go without a trace."""

from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
timm = pytest.importorskip("timm", reason="training needs the train extra")

from torch import nn  # noqa: E402

from unmask.errors import TrainingError  # noqa: E402
from unmask.training.transfer import (  # noqa: E402
    add_adapters,
    freeze_body,
    merge_adapters,
    parameter_groups,
    unfreeze,
)

BATCH = torch.randn(4, 3, 160, 160, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, 0, 1])


def network(name: str = "test_resnet") -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=2)


def train_a_step(model: nn.Module, lr: float = 0.1) -> set[str]:
    """Take one step and return the names of the tensors that it changed."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(parameter_groups(model, lr, None, 0.0), lr=lr)
    nn.functional.cross_entropy(model(BATCH), LABELS).backward()
    optimizer.step()
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_convnext", "test_efficientnet"])
def test_every_parameter_is_in_one_group(name: str) -> None:
    model = network(name)
    groups = parameter_groups(model, 1e-4, 1e-2, 0.05)
    listed = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(listed) == sorted(id(parameter) for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "lr", "weight_decay"),
    [
        ("blocks.0.attn.qkv.weight", 1e-4, 0.05),  # a weight of the body
        ("blocks.0.attn.qkv.bias", 1e-4, 0.0),  # biases do not decay
        ("norm.weight", 1e-4, 0.0),  # nor do norms
        ("pos_embed", 1e-4, 0.0),  # nor what the network exempts
        ("head.weight", 1e-2, 0.05),  # the head learns faster
        ("head.bias", 1e-2, 0.0),  # and its bias does not decay either
    ],
)
def test_rates_of_a_parameter(name: str, lr: float, weight_decay: float) -> None:
    model = network("test_vit")
    parameter = model.get_parameter(name)
    (group,) = [g for g in parameter_groups(model, 1e-4, 1e-2, 0.05) if any(p is parameter for p in g["params"])]
    assert (group["lr"], group["weight_decay"]) == (lr, weight_decay)


def test_without_a_rate_of_its_own_the_head_has_the_bodys() -> None:
    assert {group["lr"] for group in parameter_groups(network(), 3e-4, None, 0.05)} == {3e-4}


def test_a_frozen_body_stands_still_with_its_statistics() -> None:
    model = network()
    model.train()
    freeze_body(model)
    assert train_a_step(model) == {"fc.weight", "fc.bias"}


def test_an_unfrozen_body_moves_again() -> None:
    model = network()
    model.train()
    freeze_body(model)
    freeze_body(model)  # as every frozen epoch does
    unfreeze(model)
    model.train()
    assert {"conv1.0.weight", "bn1.running_mean", "fc.weight"} <= train_a_step(model)


def test_unfreezing_leaves_what_was_frozen_otherwise() -> None:
    model = network()
    model.layer1.requires_grad_(False)
    freeze_body(model)
    unfreeze(model)
    assert not any(parameter.requires_grad for parameter in model.layer1.parameters())
    assert all(parameter.requires_grad for parameter in model.layer2.parameters())


def test_the_optimizer_takes_up_an_unfrozen_body() -> None:
    """The groups are made once, before the freezing; the frozen epochs must not shrink them for ever."""
    model = network()
    optimizer = torch.optim.AdamW(parameter_groups(model, 1e-3, None, 0.05))
    freeze_body(model)
    before = model.conv1[0].weight.clone()
    for moves in (False, True):
        nn.functional.cross_entropy(model(BATCH), LABELS).backward()
        optimizer.step()
        assert torch.equal(model.conv1[0].weight, before) is not moves
        unfreeze(model)


@pytest.mark.parametrize("name", ["test_vit", "test_vit2", "test_vit3", "beit_base_patch16_224"])
def test_adapters_learn_and_merge_into_the_same_network(name: str) -> None:
    """Every adapter learns, also where timm multiplies with a layer's weight itself (BEiT)."""
    size = 224 if name.startswith("beit") else 160
    torch.manual_seed(0)
    small = {"depth": 1, "embed_dim": 48, "num_heads": 3} if name.startswith("beit") else {}
    model = timm.create_model(name, num_classes=2, **small).eval()
    batch = torch.randn(2, 3, size, size)
    names = set(model.state_dict())
    plain = model(batch).detach()
    add_adapters(model, rank=2)
    assert torch.allclose(model(batch), plain, atol=1e-6)  # adapters start at nothing
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert all("lora_" in name or name.startswith("head") for name in trainable)
    assert {"head.weight", "head.bias"} <= trainable
    for _ in range(2):  # the first step opens the gates alone
        optimizer = torch.optim.SGD(parameter_groups(model, 0.5, None, 0.0))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), LABELS[:2]).backward()
        optimizer.step()
    idle = [name for name in trainable if not model.get_parameter(name).grad.any()]
    assert not idle
    adapted = model(batch).detach()
    assert not torch.allclose(adapted, plain, atol=1e-3)
    merge_adapters(model)
    assert set(model.state_dict()) == names
    assert torch.allclose(model(batch), adapted, atol=1e-5)


def test_a_merged_network_loads_strictly_into_a_new_one() -> None:
    model = network("test_vit")
    add_adapters(model, rank=2)
    merge_adapters(model)
    network("test_vit").load_state_dict(model.state_dict(), strict=True)


def test_frozen_epochs_leave_the_head_of_an_adapted_network_alone_to_learn() -> None:
    model = network("test_vit")
    add_adapters(model, rank=2)
    freeze_body(model)
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {"head.weight", "head.bias"}
    unfreeze(model)
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert any("lora_" in name for name in trainable)
    assert not any("base_layer" in name for name in trainable)


def test_merging_without_adapters_changes_nothing() -> None:
    model = network("test_vit")
    freeze_body(model)
    merge_adapters(model)
    assert not model.blocks[0].attn.qkv.weight.requires_grad


def test_a_network_without_linear_blocks_is_refused() -> None:
    with pytest.raises(TrainingError, match="A ResNet has no linear layer") as caught:
        add_adapters(network(), rank=2)
    assert "\n" not in str(caught.value)


def test_without_peft_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(TrainingError, match="pip install"):
        add_adapters(network("test_vit"), rank=2)
