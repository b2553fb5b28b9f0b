"""A peer's Keras weights become a detector folder that says honestly what is known of its errors."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("h5py", reason="Keras files need the train extra")

from unmask.card import render_card
from unmask.detector import Detector
from unmask.evaluation.keras_import import KerasImport, import_keras
from unmask.evaluation.samples import read_split, take_evenly
from unmask.media.images import read_image
from unmask.metrics.auc import auc

SCRIPT = Path(__file__).resolve().parents[2] / "train" / "import_keras.py"


@pytest.fixture(scope="module")
def weights(shared: Path) -> Path:
    return shared / "pretrained/mesonet/Meso4_DF.h5"


@pytest.fixture(scope="module")
def imported(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the script writes."""
    folder = tmp_path_factory.mktemp("imported") / "meso4-df"
    command = [str(weights), "--output", str(folder), "--license", "apache-2.0", "--name", "peer"]
    assert runpy.run_path(str(SCRIPT))["main"](command) == 0
    return folder


def test_it_tells_forged_faces_as_the_peers_weights_do(imported: Path, shared: Path) -> None:
    samples = take_evenly(read_split(shared / "data/ffpp-c23-deepfakes/test"), 200)
    scores = Detector(imported).score_faces([read_image(sample.path) for sample in samples])
    # Measured apart on up to 500 faces: 0.667. Swapped labels would give 0.333.
    assert auc(np.array([sample.label for sample in samples]), scores) == pytest.approx(0.667, abs=0.08)


def test_without_data_every_verdict_is_uncertain(imported: Path, shared: Path) -> None:
    detector = Detector(imported)
    assert detector.settings.name == "peer"
    face = next((shared / "data/stylegan-140k/Test/Real").glob("*"))
    assert detector.predict_image(face).verdict in ("uncertain", "no_face")
    assert (detector.settings.real_threshold, detector.settings.fake_threshold) == (0.0, 1.0)
    card = render_card(imported)
    assert "Calibrated on: not calibrated" in card
    assert "python train/import_keras.py Meso4_DF.h5 --output meso4-df" in card


def test_with_data_it_is_calibrated_on_them(imported: Path, weights: Path, shared: Path, tmp_path: Path) -> None:
    data = str(shared / "data/stylegan-140k")
    folder = import_keras(KerasImport(str(weights), str(tmp_path / "calibrated"), data=[data], limit=80))
    settings = Detector(folder).settings
    assert settings.calibrated_on.endswith("faces of stylegan-140k")
    assert settings.temperature != 1.0
    assert 0 < settings.real_threshold <= settings.fake_threshold < 1


def test_the_script_refuses_a_folder_that_is_taken(
    imported: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert runpy.run_path(str(SCRIPT))["main"]([str(weights), "--output", str(imported)]) == 2
    assert "already holds a detector" in capsys.readouterr().err
