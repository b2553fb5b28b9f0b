"""The moving average of the weights against torch's, lent to the network and taken back, and checkpointed."""

from __future__ import annotations

import io

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from torch import nn  # noqa: E402
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn  # noqa: E402

from unmask.errors import TrainingError  # noqa: E402
from unmask.training.averaging import WeightAverage  # noqa: E402


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 2))


def change(model: nn.Module) -> None:
    """Change weights and batch norm's statistics, as a step of training does."""
    model.train()
    with torch.no_grad():
        model(torch.randn(4, 3, 8, 8) + 2)
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))


def test_the_average_is_torchs(model: nn.Module) -> None:
    """At a decay of 0.1 the warm-up does not bind, and torch has none."""
    oracle = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.1), use_buffers=True)
    oracle.update_parameters(model)  # torch's first update copies
    average = WeightAverage(model, 0.1)
    for _ in range(5):
        change(model)
        oracle.update_parameters(model)
        average.update(model)
    with average.averaged(model):
        for name, value in oracle.module.state_dict().items():
            if value.is_floating_point():
                assert torch.allclose(model.state_dict()[name], value, atol=1e-5), name


def test_an_early_average_follows_closely() -> None:
    """After n updates the past weighs at most (1 + n) / (10 + n)."""
    weight = nn.Linear(1, 1, bias=False)
    nn.init.constant_(weight.weight, 0.0)
    average, expected = WeightAverage(weight, 0.5), 0.0
    nn.init.constant_(weight.weight, 1.0)
    for decay in (1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 7 / 16, 8 / 17, 0.5, 0.5):
        expected = decay * expected + (1 - decay)
        average.update(weight)
        assert average.tensors["weight"].item() == pytest.approx(expected)


def test_batch_counters_are_taken_over_as_whole_numbers(model: nn.Module) -> None:
    average = WeightAverage(model, 0.999)
    for _ in range(3):
        change(model)
        average.update(model)
    assert average.tensors["1.num_batches_tracked"] == 3
    assert average.tensors["1.num_batches_tracked"].dtype == torch.int64


def test_the_networks_own_tensors_come_back(model: nn.Module) -> None:
    average = WeightAverage(model, 0.9)
    change(model)
    own = {name: value.clone() for name, value in model.state_dict().items()}
    places = [parameter.data_ptr() for parameter in model.parameters()]
    with average.averaged(model):
        assert not torch.equal(model[0].weight, own["0.weight"])
    assert all(torch.equal(value, own[name]) for name, value in model.state_dict().items())
    assert [parameter.data_ptr() for parameter in model.parameters()] == places  # the optimizer's are these


def test_they_come_back_after_an_error(model: nn.Module) -> None:
    average, own = WeightAverage(model, 0.9), model[0].weight.clone()
    average.tensors["0.weight"].zero_()
    with pytest.raises(ZeroDivisionError), average.averaged(model):
        raise ZeroDivisionError
    assert torch.equal(model[0].weight, own)


def test_a_checkpointed_average_goes_on_bitwise(model: nn.Module) -> None:
    average = WeightAverage(model, 0.9)
    change(model)
    average.update(model)
    file = io.BytesIO()
    torch.save(average.state_dict(), file)
    file.seek(0)
    resumed = WeightAverage(model, 0.9)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    change(model)
    average.update(model)
    resumed.update(model)
    assert resumed.updates == average.updates == 2
    assert all(torch.equal(resumed.tensors[name], value) for name, value in average.tensors.items())


def test_the_average_of_another_network_is_refused(model: nn.Module) -> None:
    with pytest.raises(TrainingError, match="another network"):
        WeightAverage(model, 0.9).load_state_dict(WeightAverage(nn.Linear(2, 2), 0.9).state_dict())


@pytest.mark.parametrize("decay", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_a_decay_must_be_a_share(model: nn.Module, decay: float) -> None:
    with pytest.raises(TrainingError, match="between 0 and 1"):
        WeightAverage(model, decay)


def test_half_precision_weights_are_averaged_in_float32() -> None:
    """A step of one ten-thousandth is nothing in bfloat16 beside 1."""
    weight = nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    nn.init.constant_(weight.weight, 1.0)
    average = WeightAverage(weight, 0.9999)
    average.updates = 10**6
    nn.init.constant_(weight.weight, 2.0)
    average.update(weight)
    assert average.tensors["weight"].item() == pytest.approx(1.0001, abs=1e-6)
