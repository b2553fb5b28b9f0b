"""Teachers: what they say of a batch, and a run that learns from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402
from tests.conftest import make_tiny_detector  # noqa: E402

from unmask.errors import TrainingError  # noqa: E402
from unmask.export import read_model  # noqa: E402
from unmask.schema import InputSpec  # noqa: E402
from unmask.training.batches import validation_loader  # noqa: E402
from unmask.training.config import TrainConfig, parse_train_config  # noqa: E402
from unmask.training.loop import train  # noqa: E402
from unmask.training.losses import LOSSES  # noqa: E402
from unmask.training.network import make_network, network_input  # noqa: E402
from unmask.training.run_data import read_validation_faces  # noqa: E402
from unmask.training.steps import Stepper  # noqa: E402
from unmask.training.teachers import Teachers  # noqa: E402

Tiny = Callable[..., TrainConfig]
CPU = torch.device("cpu")
OF_TEACHERS = InputSpec(96, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
OTHER = InputSpec(96, "bicubic", (0.1, 0.2, 0.3), (1.0, 0.8, 0.6))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two tiny detectors of 96 px that judge faces otherwise."""
    root = tmp_path_factory.mktemp("teachers")
    return [str(make_tiny_detector(root / str(seed), seed=seed)) for seed in (1, 2)]


@pytest.fixture
def colours() -> torch.Tensor:
    """Three pictures with values from 0 to 1, [3, 3, 96, 96]."""
    return torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(0))


def put_in(colours: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Return pictures as a network of that input gets them."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    return (colours - mean) / std


def test_teachers_say_the_probability_of_the_mean_of_their_logits(folders: list[str], colours: torch.Tensor) -> None:
    batch = put_in(colours, OF_TEACHERS)
    with torch.no_grad():
        logits = [read_model(Path(folder))(batch).diff(dim=1)[:, 0] for folder in folders]
    expected = torch.stack(logits).mean(0).sigmoid()
    assert torch.allclose(Teachers(folders, OF_TEACHERS, CPU)(batch), expected, atol=1e-5)


def test_a_teacher_sees_the_students_face_in_its_own_normalisation(folders: list[str], colours: torch.Tensor) -> None:
    alike = Teachers(folders, OF_TEACHERS, CPU)(put_in(colours, OF_TEACHERS))
    assert torch.allclose(Teachers(folders, OTHER, CPU)(put_in(colours, OTHER)), alike, atol=1e-5)


def test_a_teacher_sees_the_students_face_at_its_own_size(folders: list[str]) -> None:
    small = InputSpec(48, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    even = torch.full((2, 3, 96, 96), 0.3)
    expected = Teachers(folders, OF_TEACHERS, CPU)(even)
    assert torch.allclose(Teachers(folders, small, CPU)(even[:, :, :48, :48]), expected, atol=1e-5)


@pytest.mark.parametrize("name", sorted({*LOSSES} - {"focal"}))  # which is least elsewhere, as its paper has it
def test_a_target_between_the_labels_pulls_to_both_sides(name: str) -> None:
    """With a probability for a target a loss is least where the network says that probability."""
    target = torch.tensor([0.8])

    def loss(probability: float) -> float:
        logits = torch.tensor([[0.0, 1.0]]) * torch.tensor(probability).logit()
        return float(LOSSES[name](logits, target, 0.0))

    assert loss(0.8) < min(loss(0.5), loss(0.99))


def test_whole_numbers_and_sure_probabilities_are_one_target() -> None:
    logits, labels = torch.randn(8, 2), torch.arange(8) % 2
    for name in LOSSES:
        whole, sure = (LOSSES[name](logits, targets, 0.1) for targets in (labels, labels.float()))
        assert torch.allclose(whole, sure, atol=1e-6), name


def test_a_run_learns_from_its_teachers_alone(tiny: Tiny, folders: list[str], tmp_path: Path, no_export: None) -> None:
    """A teacher that calls every face fake, with all of the say, has the network do so too."""
    folder = Path(shutil.copytree(folders[0], tmp_path / "sure"))
    tensors = load_file(folder / "model.safetensors")
    tensors["fc.weight"], tensors["fc.bias"] = torch.zeros_like(tensors["fc.weight"]), torch.tensor([-4.0, 4.0])
    save_file(tensors, folder / "model.safetensors")
    config = tiny("taught", teacher=[str(folder)], teacher_share=1.0, epochs=2, lr=0.03, ema=0.0)
    train(config)
    model = make_network(config)
    model.load_state_dict(load_file(Path(config.output) / "best.safetensors"))
    faces = next(iter(validation_loader(read_validation_faces(config, network_input(model, 64), None), config)))[0]
    with torch.no_grad():
        logits = model.train()(faces)  # of so few steps batch norm has no statistics yet
    assert (logits.diff(dim=1) > 0).all()


@pytest.mark.parametrize("mixup", [0.0, 0.2])  # faces as they are, blended with others
def test_the_network_sees_a_face_worsened_and_its_teachers_do_not(
    tiny: Tiny, folders: list[str], no_export: None, monkeypatch: pytest.MonkeyPatch, mixup: float
) -> None:
    """Noise that drowns the face is in what the network gets, in none of what its teacher gets, and not judged by."""
    taught: list[torch.Tensor] = []
    learnt: list[torch.Tensor] = []
    ask, forward = Teachers.__call__, Stepper._forward

    def asked(self: Teachers, pixels: torch.Tensor) -> torch.Tensor:
        taught.append(pixels)
        return ask(self, pixels)

    def followed(self: Stepper, pixels: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.model.register_forward_pre_hook(lambda model, inputs: learnt.append(inputs[0].detach()))
        return forward(self, pixels, truth)

    monkeypatch.setattr(Teachers, "__call__", asked)
    monkeypatch.setattr(Stepper, "_forward", followed)
    drowned = [{"noise": {"lowest": 60.0, "highest": 60.0, "p": 1.0}}]
    train(tiny("run", epochs=1, teacher=folders[:1], worsened=drowned, mixup=mixup))
    assert taught[-1].shape == learnt[0].shape == (8, 3, 64, 64)

    def roughness(pixels: torch.Tensor) -> float:
        return float(pixels.diff(dim=-1).abs().mean())

    assert roughness(learnt[0]) > 2 * roughness(taught[-1])


def test_what_no_teacher_could_see_is_refused(tiny: Tiny) -> None:
    with pytest.raises(TrainingError, match=r"worsened .* there are none\. Write it under augmentations"):
        train(tiny("out", worsened=["blur"]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere/at-all", "no detector, so it cannot teach"),  # no such folder, and nothing fetched under that name
        ("", "no detector, so it cannot teach"),  # an empty name, as of an unset variable
    ],
)
def test_what_is_no_detector_cannot_teach(tiny: Tiny, given: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        train(tiny("out", teacher=[given]))


def test_teachers_are_named_one_by_one() -> None:
    assert parse_train_config(["--teacher", "a", "--data", "d", "--teacher", "b"]).teacher == ["a", "b"]
