"""deepfakenet has the depth that it says, and 300 layers of it train on an ordinary machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="networks need the train extra")

import timm  # noqa: E402

from unmask.backbones.deepfakenet import Bottleneck, plan_depth  # noqa: E402
from unmask.errors import UnmaskError  # noqa: E402

GIB = 1 << 30
STEP = """
import resource, timm, torch, unmask.backbones
torch.manual_seed(0)
torch.set_num_threads(1)
model = timm.create_model("deepfakenet300", num_classes=2).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
loss = torch.nn.functional.cross_entropy(model(torch.randn({batch}, 3, {side}, {side})), torch.arange({batch}) % 2)
loss.backward()
optimizer.step()
assert torch.isfinite(loss)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def layers_on_the_way(model: torch.nn.Module) -> int:
    """Count convolutions and linear layers but those of the shortcuts, which lie beside the way."""
    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    return sum(isinstance(part, kinds) and "shortcut" not in name for name, part in model.named_modules())


@pytest.mark.parametrize("depth", [14, 15, 16, 26, 50, 101, 300])
def test_depth_counts_the_layers_with_weights(depth: int) -> None:
    with torch.device("meta"):
        assert layers_on_the_way(timm.create_model("deepfakenet50", depth=depth, width=4)) == depth


def test_the_named_ones_are_50_and_300_layers_deep() -> None:
    assert plan_depth(50) == (1, (3, 4, 6, 3)), "ResNet-50's stages"
    with torch.device("meta"):
        for depth in (50, 300):
            assert layers_on_the_way(timm.create_model(f"deepfakenet{depth}", width=4)) == depth


@pytest.mark.parametrize("depth", [13, 1001, -50, 50.0, True])
def test_other_depths_are_refused(depth: object) -> None:
    with pytest.raises(UnmaskError, match="Give one from 14 to 1000"):
        timm.create_model("deepfakenet50", depth=depth)


def test_the_great_one_skips_deeper_blocks_more_often_and_checkpoints() -> None:
    model = timm.create_model("deepfakenet300", width=4, depth=50)
    rates = [getattr(part.drop_path, "drop_prob", 0.0) for part in model.modules() if isinstance(part, Bottleneck)]
    assert rates == sorted(rates)
    assert (rates[0], pytest.approx(rates[-1])) == (0.0, 0.2)
    assert model.grad_checkpointing
    assert not timm.create_model("deepfakenet50", width=4).grad_checkpointing


def test_300_layers_train_a_step_in_under_4_gib() -> None:
    script = STEP.format(batch=2, side=32)
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(run.stdout) < 4 * GIB
