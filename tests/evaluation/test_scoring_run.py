"""The command, end to end: a real detector folder, real files, a report that can be checked."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.evaluation.scoring_run import ScoringRun, describe_command, run_scoring

torch = pytest.importorskip("torch", reason="the train extra, which makes the detector, is not installed")
timm = pytest.importorskip("timm", reason="the train extra, which makes the detector, is not installed")

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "../shared/data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not here")


@pytest.fixture(scope="module")
def detector_folder(tmp_path_factory):
    """An untrained small network as a whole detector folder."""
    from unmask.export import write_detector
    from unmask.schema import DetectorSettings, InputSpec

    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet.r160_in1k", pretrained=False, num_classes=2)
    spec = InputSpec(160, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    settings = DetectorSettings(1, "untrained", 0.2, 1.0, 0.3, 0.7, "max", ("hardfake",), "", "cc-by-nc-4.0")
    folder = tmp_path_factory.mktemp("detectors") / "untrained"
    write_detector(model, "test_efficientnet", spec, settings, folder)
    return folder


@pytest.fixture
def noise_set(tmp_path):
    """A data set with splits: pictures without a face, and one file that is no picture."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 3), ("test", 4)):
        for label in ("real", "fake"):
            folder = tmp_path / "noise" / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 255, (64, 64, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{label}-{number}.png")
    (tmp_path / "noise/test/fake/torn.png").write_bytes(b"not a picture")
    return tmp_path / "noise"


def call_script(*arguments):
    """Run the script without a network and without whatever face model this user's cache holds."""
    command = [sys.executable, str(ROOT / "train/score.py"), *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": "nowhere"},
        check=False,
    )


def test_the_script_counts_every_picture_of_the_split(detector_folder, noise_set, tmp_path):
    done = call_script(
        "--detector", detector_folder, "--data", noise_set, "--split", "test", "--output", tmp_path / "out"
    )
    assert (done.returncode, done.stderr) == (0, "")
    (entry,) = json.loads((tmp_path / "out/report.json").read_text())["datasets"]
    counts = entry["counts"]
    assert (counts["total"], counts["real"], counts["fake"], counts["unreadable"]) == (9, 4, 5, 1)
    assert counts["scored"] + counts["no_face"] == 8
    assert (entry["name"], entry["split"], entry["face_finder"]) == ("noise", "test", "haar")


WRONG_USE = [
    # a folder that is not there
    (["--data", "nowhere", "--output", "out"], "There is no data folder at nowhere"),
    # a detector that is not there
    (["--data", "{noise}", "--detector", "nowhere", "--output", "out"], "There is no detector at nowhere"),
    # a split that the data set lacks
    (
        ["--data", "{noise}", "--split", "validation", "--output", "out"],
        "has no split 'validation', only test, train",
    ),
    # a layout that is misspelt
    (["--data", "{noise}", "--layout", "class_folder", "--output", "out"], "Did you mean class_folders"),
    # nothing left to score
    (
        ["--data", "{noise}", "--detector", "{detector}", "--limit", "0", "--output", "{noise}/out"],
        "limit of 0",
    ),
    # a file stands where the report should go
    (
        ["--data", "{noise}", "--detector", "{detector}", "--output", "{noise}/test/fake/torn.png"],
        "Could not make",
    ),
    # no place to write the detector's own report to
    (
        ["--data", "{noise}", "--detector", "a/b", "--write-report", "--output", "out"],
        "needs a detector folder",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG_USE, ids=[message for _, message in WRONG_USE])
def test_wrong_use_is_one_line_and_code_2(detector_folder, noise_set, arguments, message):
    done = call_script(*(word.format(noise=noise_set, detector=detector_folder) for word in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_write_report_puts_the_same_report_beside_the_weights(detector_folder, noise_set, tmp_path):
    run = ScoringRun([str(noise_set)], str(tmp_path / "out"), str(detector_folder), write_report=True)
    report = run_scoring(run, progress=False)
    assert json.loads((detector_folder / "report.json").read_text()) == report
    assert set(report["weights"]) == {"model.onnx", "model.safetensors"}


def test_a_data_set_without_splits_is_taken_whole_and_it_says_so(detector_folder, noise_set, tmp_path, capsys):
    whole = noise_set.parent / "whole"
    (noise_set / "test").rename(whole)
    report = run_scoring(
        ScoringRun([str(whole)], str(tmp_path / "out"), str(detector_folder), split="test"), progress=False
    )
    assert report["datasets"][0]["counts"]["total"] == 9
    assert "whole has no splits: all 9 files are taken for test." in capsys.readouterr().out


def test_the_command_in_the_report_names_no_place_of_this_machine(tmp_path):
    run = ScoringRun([str(tmp_path / "faces/test"), "data/b"], str(tmp_path / "out"), split="test", limit=9)
    assert describe_command(run) == (
        "python train/score.py --data faces/test --data b --split test --limit 9 --output out"
    )


@needs_shared
def test_real_faces_are_scored_exactly_as_a_user_would_get_them(detector_folder, tmp_path):
    from unmask.data.layouts import read_samples
    from unmask.detector import Detector
    from unmask.evaluation.samples import take_evenly
    from unmask.evaluation.scoring import score_dataset

    detector = Detector(detector_folder)
    samples = take_evenly(read_samples(SHARED / "hardfake"), 40)
    scores = score_dataset(detector, samples, root=SHARED / "hardfake", progress=False)
    expected = [detector.predict_image(sample.path).fake_probability for sample in samples]
    assert [row.fake_probability for row in scores.rows] == expected
    assert {sample.label for sample in samples} == {0, 1}
    assert len(scores.scored) > 20


@needs_shared
def test_reals_alone_give_rates_and_no_auc(detector_folder, tmp_path):
    data, detector = [str(SHARED / "celeba-real-only")], str(detector_folder)
    run = ScoringRun(data, str(tmp_path), detector, layout="real_only", limit=12)
    (entry,) = run_scoring(run, progress=False)["datasets"]
    assert entry["metrics"]["auc"] is None
    assert "needs both classes" in entry["metrics_reason"]
    assert entry["false_positive_rate"] is not None
    assert entry["counts"] | {"total": 12, "real": 12, "fake": 0, "available": 1000} == entry["counts"]
