"""Calibration fits what the written folder then says: temperature, thresholds, novelty, of one view or both."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from unmask.activation_maps import features_and_texture, pooled_features  # noqa: E402
from unmask.calibration import fake_probabilities, fit_thresholds  # noqa: E402
from unmask.detector import Detector  # noqa: E402
from unmask.detector_folder import CARD, CONFIG, ONNX, TRAIN_CONFIG, WEIGHTS, check_folder  # noqa: E402
from unmask.errors import TrainingError  # noqa: E402
from unmask.export import read_model  # noqa: E402
from unmask.media.drawing import draw_face  # noqa: E402
from unmask.novelty import fit_novelty  # noqa: E402
from unmask.preprocessing import normalise  # noqa: E402
from unmask.runtimes.onnx import OnnxRuntime  # noqa: E402
from unmask.schema import DetectorSettings, InputSpec  # noqa: E402
from unmask.training.batches import validation_loader  # noqa: E402
from unmask.training.calibrating import (  # noqa: E402
    WORSENED,
    KnownAnswers,
    changed_versions,
    judge_views,
    write_calibrated,
)
from unmask.training.config import TrainConfig  # noqa: E402
from unmask.training.recalibration import Recalibration, recalibrate  # noqa: E402
from unmask.training.run_data import read_run_data, read_validation_faces  # noqa: E402

SPEC = InputSpec(96, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SETTINGS = DetectorSettings(1, "tiny", 0.1, 2.0, 0.0, 1.0, "max", (), "", "apache-2.0", mirrored=True, error_rate=0.1)
FACES = 400


@pytest.fixture(scope="module")
def answers(tiny_detector: Path) -> KnownAnswers:
    """Made-up answers of a network that errs now and then, with features as the tiny network has them."""
    rng = np.random.default_rng(0)
    labels = np.arange(FACES) % 2
    margin = 6 * (2 * labels - 1) + rng.normal(0, 8, (2, FACES))
    model = read_model(tiny_detector)
    with torch.no_grad():
        seen = [features_and_texture(model, torch.randn(FACES, 3, 96, 96)) for _ in range(4)]
        pooled = [pooled_features(model, grid) for grid, _ in seen[:2]]
    textures = [texture.numpy() for _, texture in seen]
    return KnownAnswers(
        logits=np.stack([-margin / 2, margin / 2], axis=2),
        features=np.stack([vectors.numpy() for vectors in pooled if vectors is not None]),
        textures=np.stack(textures[:2]),
        worsened=textures[2],
        drawn=textures[3] + 0.1,
        labels=labels,
        names=np.repeat(["first", "second"], FACES // 2),
        sources=[f"person-{index}" for index in range(FACES)],
    )


@pytest.fixture(scope="module")
def calibrated(
    answers: KnownAnswers, tiny_detector: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, DetectorSettings]:
    folder = tmp_path_factory.mktemp("calibrated") / "detector"
    return folder, write_calibrated(read_model(tiny_detector), "test_resnet", SPEC, SETTINGS, answers, folder)


def test_the_settings_are_those_of_the_folder(calibrated: tuple[Path, DetectorSettings]) -> None:
    folder, settings = calibrated
    assert check_folder(folder).settings == settings
    assert settings.calibrated_on == "400 validation faces of first, second"


def test_thresholds_are_those_of_the_mean_of_both_views(
    calibrated: tuple[Path, DetectorSettings], answers: KnownAnswers
) -> None:
    settings = calibrated[1]
    scaled = answers.logits.mean(axis=0) / (settings.temperature / SETTINGS.temperature)
    expected = fit_thresholds(fake_probabilities(scaled), answers.labels, answers.names, 0.1)
    assert (settings.real_threshold, settings.fake_threshold) == pytest.approx(expected)


def test_fakes_may_have_a_rate_of_their_own(answers: KnownAnswers, tiny_detector: Path, tmp_path: Path) -> None:
    rates = dataclasses.replace(SETTINGS, error_rate=0.05, miss_rate=0.2)
    folder = tmp_path / "detector"
    settings = write_calibrated(read_model(tiny_detector), "test_resnet", SPEC, rates, answers, folder)
    assert Detector(folder).settings.promise == (0.05, 0.2)
    scaled = fake_probabilities(answers.logits.mean(axis=0) / (settings.temperature / SETTINGS.temperature))
    assert np.mean(scaled[answers.labels == 0] > settings.fake_threshold) <= 0.05
    assert 0.1 < np.mean(scaled[answers.labels == 1] < settings.real_threshold) <= 0.2


def test_the_temperature_is_in_the_head_and_on_record(
    calibrated: tuple[Path, DetectorSettings], tiny_detector: Path
) -> None:
    folder, settings = calibrated
    batch = torch.randn(2, 3, 96, 96)
    folded = settings.temperature / SETTINGS.temperature
    assert folded > 1.2  # the made-up network is too sure of itself
    with torch.no_grad():
        torch.testing.assert_close(read_model(folder)(batch) * folded, read_model(tiny_detector)(batch))


def test_the_exported_novelty_is_that_of_the_fitted_faces(
    calibrated: tuple[Path, DetectorSettings], answers: KnownAnswers
) -> None:
    folder, settings = calibrated
    fitted = fit_novelty(answers.features, answers.textures, answers.worsened, answers.drawn, answers.sources)
    assert fitted is not None
    assert settings.novelty_limit == pytest.approx(fitted[1])
    batch = torch.randn(5, 3, 96, 96)
    model = read_model(folder)
    with torch.no_grad():
        features, texture = features_and_texture(model, batch)
        pooled = pooled_features(model, features)
    said = OnnxRuntime(folder / ONNX).run(batch.numpy())
    assert said.activation_map is not None
    np.testing.assert_allclose(said.novelty, fitted[0].novelty(pooled.numpy(), texture.numpy()), rtol=1e-3)


def test_each_face_is_worsened_and_drawn_in_a_way_of_its_own() -> None:
    """The same face under rows that follow one another: no two alike, and each as before when it comes again."""
    batch = torch.from_numpy(normalise(draw_face(1, size=96), SPEC))[None].repeat(len(WORSENED), 1, 1, 1)
    rows = list(range(len(WORSENED)))
    worse, drawn = changed_versions(batch, rows, SPEC)
    for versions in (worse, drawn):
        faces = [*batch[:1], *versions]
        assert all(not torch.equal(one, other) for one, other in itertools.combinations(faces, 2))
    for row in rows:
        again = changed_versions(batch[:1], [row], SPEC)
        assert torch.equal(again[0][0], worse[row])
        assert torch.equal(again[1][0], drawn[row])


def test_an_old_folder_has_no_novelty(tiny_detector: Path) -> None:
    assert OnnxRuntime(tiny_detector / ONNX).run(np.zeros((1, 3, 96, 96), np.float32)).novelty is None


@pytest.fixture
def trained(tiny_detector: Path, tmp_path: Path) -> Path:
    """A detector folder that says how its run was split."""
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "trained"))
    (folder / TRAIN_CONFIG).write_text(json.dumps({"data": ["drawn"], "seed": 3, "validation_fraction": 0.3}))
    return folder


def test_calibrating_again_takes_the_faces_that_the_run_held_out(
    trained: Path, drawn_data: Path, tmp_path: Path
) -> None:
    said = recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "new", mirrored=True, workers=0))
    config = TrainConfig(data=[str(drawn_data)], seed=3, validation_fraction=0.3, workers=0)
    held_out = read_run_data(config, SPEC, None).validation
    settings = Detector(tmp_path / "new").settings
    assert settings.calibrated_on == f"{len(held_out)} validation faces of drawn"
    assert (settings.mirrored, settings.error_rate) == (True, 0.05)
    assert said[1].startswith(f"drawn: {len(held_out)} faces, AUC ")
    card = (tmp_path / "new" / CARD).read_text()
    assert "mirror image" in card
    assert "batch.flip(3)" in card
    assert "at most 5 %" in card


def test_another_crop_is_that_of_the_new_folder(trained: Path, drawn_data: Path, tmp_path: Path) -> None:
    recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "wide", crop_margin=0.4, workers=0))
    assert Detector(tmp_path / "wide").settings.crop_margin == 0.4
    old, new = (json.loads((folder / TRAIN_CONFIG).read_text()) for folder in (trained, tmp_path / "wide"))
    command = "python train/calibrate.py runs/trained --data drawn --crop-margin 0.4 --output runs/wide"
    assert new == {**old, "calibrate_command": command}


def test_new_rates_take_the_place_of_both(trained: Path, drawn_data: Path, tmp_path: Path) -> None:
    rates = {"error_rate": 0.1, "miss_rate": 0.2}
    recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "both", workers=0, **rates))
    assert Detector(tmp_path / "both").settings.promise == (0.1, 0.2)
    recalibrate(Recalibration(tmp_path / "both", [str(drawn_data)], tmp_path / "as-before", workers=0))
    assert Detector(tmp_path / "as-before").settings.promise == (0.1, 0.2)
    recalibrate(Recalibration(tmp_path / "both", [str(drawn_data)], tmp_path / "one", workers=0, error_rate=0.3))
    assert Detector(tmp_path / "one").settings.promise == (0.3, 0.3)


def test_a_margin_beyond_all_use_is_refused(trained: Path, drawn_data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="--crop-margin is -1"):
        recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "new", crop_margin=-1))


def test_both_views_are_judged_as_serving_does(trained: Path, drawn_data: Path) -> None:
    config = TrainConfig(data=[str(drawn_data)], validation_fraction=0.3, workers=0)
    faces = read_validation_faces(config, SPEC, None)
    answers = judge_views(read_model(trained), validation_loader(faces, config), torch.device("cpu"), mirrored=True)
    batch = np.stack([faces[row][0].numpy() for row in range(len(faces))])
    both = Detector(trained)._run_views(batch)
    np.testing.assert_allclose(answers.logits.mean(axis=0), both.logits, atol=1e-4)


@pytest.fixture
def second(trained: Path, tmp_path: Path) -> Path:
    """A detector of the same kind and split with other weights, whose head has a temperature folded into it."""
    folder = Path(shutil.copytree(trained, tmp_path / "second"))
    weights = load_file(folder / WEIGHTS)
    other = {name: value * 1.5 if value.is_floating_point() else value for name, value in weights.items()}
    save_file(other, folder / WEIGHTS, metadata={"format": "pt"})
    config = json.loads((folder / CONFIG).read_text())
    config["unmask"]["temperature"] = 3.0
    (folder / CONFIG).write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_mean_is_of_the_weights_as_they_were_trained(
    trained: Path, second: Path, drawn_data: Path, tmp_path: Path, share: float
) -> None:
    run = Recalibration(trained, [str(drawn_data)], tmp_path / "mean", mean_with=second, share=share, workers=0)
    recalibrate(run)
    one, two, mean = (load_file(folder / WEIGHTS) for folder in (trained, second, tmp_path / "mean"))
    first, last = (Detector(folder).settings.temperature for folder in (trained, tmp_path / "mean"))
    body = next(name for name in one if name.endswith("conv.weight") or name.endswith("conv1.weight"))
    assert torch.allclose(mean[body], (1 - share) * one[body] + share * two[body])
    head = read_model(trained).default_cfg["classifier"] + ".weight"
    assert torch.allclose(last * mean[head], (1 - share) * first * one[head] + share * 3 * two[head], atol=1e-5)
    command = f"--mean-with runs/second --share {share:g} --output runs/mean"
    assert command in " ".join((tmp_path / "mean" / CARD).read_text().split())
    (forebear,) = json.loads((tmp_path / "mean" / TRAIN_CONFIG).read_text())["forebears"]
    assert forebear["name"] == "second"


def test_half_rounds_the_weights_before_they_are_judged(trained: Path, drawn_data: Path, tmp_path: Path) -> None:
    recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "half", half=True, workers=0))
    weights = load_file(tmp_path / "half" / WEIGHTS)
    large = [tensor for tensor in weights.values() if tensor.ndim == 4 and tensor.numel() >= 1024]
    assert large
    assert all(tensor.dtype == torch.float16 for tensor in large)
    record = json.loads((tmp_path / "half" / TRAIN_CONFIG).read_text())
    assert record["calibrate_command"].endswith("--half --output runs/half")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 4}, "another split"),  # faces to calibrate on that it may have learned
        ({}, "--share is 1.5"),  # no part of a mean
    ],
)
def test_a_mean_that_cannot_be_is_refused(
    trained: Path, second: Path, drawn_data: Path, tmp_path: Path, changes: dict[str, int], message: str
) -> None:
    record = json.loads((second / TRAIN_CONFIG).read_text())
    (second / TRAIN_CONFIG).write_text(json.dumps(record | changes))
    share = 0.5 if changes else 1.5
    with pytest.raises(TrainingError, match=message):
        recalibrate(Recalibration(trained, [str(drawn_data)], tmp_path / "mean", mean_with=second, share=share))


def test_a_folder_is_not_calibrated_over_itself(trained: Path, drawn_data: Path) -> None:
    with pytest.raises(TrainingError, match="is the detector itself"):
        recalibrate(Recalibration(trained, [str(drawn_data)], trained))


def test_a_folder_that_tells_nothing_of_its_run_is_refused(
    tiny_detector: Path, drawn_data: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=TRAIN_CONFIG):
        recalibrate(Recalibration(tiny_detector, [str(drawn_data)], tmp_path / "new"))


def test_the_command_shows_its_help() -> None:
    command = [sys.executable, str(Path(__file__).parents[2] / "train/calibrate.py"), "--help"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "--mirrored" in said
    assert "examples:" in said
