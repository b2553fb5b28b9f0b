"""Scores to report on, and a detector whose network is a rule, so that each picture's score is known."""

import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from unmask.errors import UnreadableImage
from unmask.evaluation.report import build_report
from unmask.evaluation.report_files import render_rows, write_report_file
from unmask.evaluation.scoring import DatasetScores, ImageScore
from unmask.schema import Box, DetectorSettings, FacePrediction, ImagePrediction, Sample

SETTINGS = DetectorSettings(
    format_version=1,
    name="by-brightness",
    crop_margin=0.2,
    temperature=1.0,
    real_threshold=0.3,
    fake_threshold=0.7,
    pooling="max",
    trained_on=("some-faces/train", "hardfake-like"),
    calibrated_on="some-faces/train",
    license="cc-by-nc-4.0",
)


@dataclass
class BrightnessDetector:
    """Stands in for the network alone: brightness is the fake probability, blue has no face."""

    folder: Path
    name: str = "by-brightness"
    settings: DetectorSettings = SETTINGS
    face_finder = SimpleNamespace(name="haar")

    def predict_image(self, source):
        try:
            red, _, blue = Image.open(source).convert("RGB").resize((1, 1)).getpixel((0, 0))
        except OSError as error:
            raise UnreadableImage(f"{source} is not an image.") from error
        score = None if blue > red else red / 255
        verdict = "no_face" if score is None else "real" if score < 0.3 else "fake" if score > 0.7 else "uncertain"
        reasons = ("between the thresholds", "blurred") if verdict == "uncertain" else ()
        faces = () if score is None else (FacePrediction(Box(0, 0, 1, 1), score, verdict, reasons=reasons),)
        return ImagePrediction(verdict, score, faces, "", "haar", self.name, 1, 1)


@pytest.fixture
def detector(tmp_path):
    folder = tmp_path / "detector"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"network")
    return BrightnessDetector(folder)


@pytest.fixture
def draw_sample(tmp_path):
    """Return a function that draws a one-colour picture and returns its sample."""

    def draw(name, label, colour, split=None):
        path = tmp_path / "some-faces" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if colour is None:
            path.write_text("not a picture")
        else:
            Image.new("RGB", (8, 8), colour).save(path)
        return Sample(str(path), label, f"source-{name}", name, "real" if label == 0 else "Deepfakes", split)

    return draw


@pytest.fixture
def make_scores():
    """Return a function that makes scores of a given number of reals and fakes, with overlap."""

    def make(reals=40, fakes=40, no_face=0, unreadable=0, seed=3, **changes):
        generator = random.Random(seed)
        rows = []
        for number in range(reals + fakes):
            label = int(number >= reals)
            score = min(1.0, max(0.0, generator.gauss(0.68 if label else 0.3, 0.2)))
            verdict = "real" if score < 0.3 else "fake" if score > 0.7 else "uncertain"
            rows.append(ImageScore(f"{number}.png", label, score, verdict, f"s{number}", "m"))
        rows += [ImageScore(f"blank{n}.png", 0, None, "no_face", "b", "m") for n in range(no_face)]
        rows += [ImageScore(f"torn{n}.png", 1, None, "unreadable", "t", "m") for n in range(unreadable)]
        fields = {
            "name": "some-faces",
            "short_path": "some-faces/test",
            "split": "test",
            "available": len(rows),
            "seen_in_training": True,
            "face_finder": "haar",
        }
        return DatasetScores(**(fields | changes), rows=tuple(rows))

    return make


@pytest.fixture
def make_run(tiny_detector, make_scores, tmp_path):
    """Return a function that writes the folder of a finished run, as training and scoring leave it."""

    def make(name="first", epochs=3, auc=0.8, scores=None, recorded=True, **settings):
        folder = tmp_path / "runs" / name
        detector = Path(shutil.copytree(tiny_detector, folder / "detector"))
        settings = {"data": ["faces"], "backbone": "test_resnet", "input_size": 96, "epochs": epochs} | settings
        (detector / "train_config.json").write_text(json.dumps(settings | {"faces": {"train": 1200}}))
        (folder / "split.csv").write_text("file,source_id,split\n")
        (folder / "history.json").write_text(json.dumps([make_epoch(n, epochs, auc, recorded) for n in range(epochs)]))
        if scores is None:
            scores = [make_scores(split="validation", seed=len(name))]
        if scores:
            judge = SimpleNamespace(folder=detector, name=name, settings=SETTINGS)
            write_report_file(folder / "validation", build_report(judge, scores))  # without figures: they take seconds
            (folder / "validation/scores.csv").write_text(render_rows(scores))
        return folder

    return make


def make_epoch(number, epochs, auc, recorded):
    """Return one entry of history.json; validation is best one epoch before the last."""
    near = abs(number - (epochs - 2)) / epochs
    entry = {
        "epoch": number + 1,
        "train_loss": 0.7 / (number + 1),
        "train_accuracy": 1 - 0.4 / (number + 1),
        "validation_loss": 0.5 + near / 3,
        "validation_accuracy": auc - 0.1 - near / 4,
        "validation_auc": auc - near / 4,
        "validation_auc_by_dataset": {"faces": auc - near / 4},
    }
    return entry | (
        {"minutes": 1.5, "faces_per_second": 70 + number, "peak_memory_mb": 900 + number} if recorded else {}
    )
