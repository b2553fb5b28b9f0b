"""A suite end to end: real detector folders, real files, one report."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from unmask.detector_folder import REPORT
from unmask.errors import DataError
from unmask.evaluation import attacks
from unmask.evaluation.report_files import SCORES
from unmask.evaluation.suite_run import SuiteRun, describe_command, run_suite
from unmask.media.drawing import draw_face

from ..conftest import make_tiny_detector

pytest.importorskip("timm", reason="the train extra, which makes the detector, is not installed")

SUITE = """
data: [some-faces/test, {path: others, method: by hand}]
sections: [
  scores, verdicts, methods, failures: {pictures: 2}, groups, calibration, selective_risk,
  robustness: {faces: 3}, deletion: {faces: 3}]
resamples: 100
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A data root with two data sets of drawn faces, and a suite's file."""
    root = tmp_path_factory.mktemp("world")
    for data, frames in (("some-faces/test", 2), ("others", 1)):
        for label, shade in (("real", 1.0), ("fake", 0.8)):
            folder = root / data / label
            folder.mkdir(parents=True)
            for number in range(4 * frames):
                pixels = (draw_face(number, 96) * shade).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{number // frames:03d}_{number % frames:03d}.png")
    (root / "others/fake/torn.png").write_bytes(b"no picture")
    (root / "suite.yaml").write_text(SUITE)
    return root


@pytest.fixture(scope="module")
def two_detectors(tiny_detector, tmp_path_factory):
    """One network twice, another export would cost more than the run; the first decides over every face."""
    folders = []
    for name, thresholds in (("first", (0.5, 0.5)), ("second", (0.4, 0.6))):
        folder = shutil.copytree(tiny_detector, tmp_path_factory.mktemp(name) / "detector")
        config = json.loads((folder / "config.json").read_text())
        config["unmask"] |= {"name": name, "real_threshold": thresholds[0], "fake_threshold": thresholds[1]}
        (folder / "config.json").write_text(json.dumps(config))
        folders.append(str(folder))
    return tuple(folders)


@pytest.fixture(scope="module")
def written(world, two_detectors):
    """The output folder of one run of two detectors, and its report."""
    output = world / "out"
    return output, run_suite(
        SuiteRun(str(world / "suite.yaml"), str(output), str(world), two_detectors), progress=False
    )


def test_the_report_is_a_plain_one_with_a_suite_in_it(written):
    output, report = written
    assert json.loads((output / REPORT).read_text()) == json.loads(json.dumps(report))
    assert report["format_version"] == 1
    assert [entry["path_name"] for entry in report["datasets"]] == ["some-faces/test", "others"]
    assert next(iter(report["suite"]["detectors"])) == report["detector"]
    assert len(report["suite"]["detectors"]) == 2
    assert report["datasets"][1]["counts"]["unreadable"] == 1


def test_the_maps_of_the_first_detector_are_tested(written):
    output, report = written
    found = report["suite"]["sections"]["deletion"]["by_data"]
    assert list(found) == ["some-faces/test", "others"]
    assert all(each is None or each["faces"] <= 3 for each in found.values())
    assert "where the network looked" in (output / "report.md").read_text()


def test_every_section_speaks_of_every_detector_and_data_set(written):
    _, report = written
    for name in ("scores", "verdicts", "methods", "selective_risk", "robustness"):
        by_detector = report["suite"]["sections"][name]["by_detector"]
        assert list(by_detector) == list(report["suite"]["detectors"]), name
        assert all(list(entries) == ["some-faces/test", "others"] for entries in by_detector.values()), name


def test_videos_are_pooled_where_they_have_several_pictures(written):
    _, report = written
    entries = report["suite"]["sections"]["scores"]["by_detector"][report["detector"]]
    verdicts = report["suite"]["sections"]["verdicts"]["by_detector"][report["detector"]]
    assert (entries["some-faces/test"]["level"], entries["others"]["level"]) == ("frame", "picture")
    count = entries["some-faces/test"]["video"]["counts"]["scored"]
    assert 0 < count <= 8
    assert verdicts["some-faces/test"]["video"]["coverage"]["whole"] == count
    assert entries["others"]["video"] is verdicts["others"]["video"] is None


def test_the_pages_say_what_the_rows_are_of(written):
    output, _ = written
    for text in ((output / "report.md").read_text(), (output / "report.html").read_text()):
        words = re.sub(r"(<[^>]+>|[|\s])+", " ", text)
        said = set(re.findall(r"some-faces/test (frame|video|picture) ", words))
        assert said == {"frame", "video"}
        assert set(re.findall(r"others (frame|video|picture) ", words)) == {"picture"}
        assert "16 frames (8 real, 8 fake)" in text


def test_a_transformers_maps_are_those_of_grad_cam(world, tmp_path):
    pytest.importorskip("pytorch_grad_cam", reason="Grad-CAM needs the train extra")
    transformer = make_tiny_detector(tmp_path / "vit", "test_vit", size=160)
    (tmp_path / "maps.yaml").write_text("data: [some-faces/test]\nsections: [deletion: {faces: 3}]")
    run = SuiteRun(str(tmp_path / "maps.yaml"), str(tmp_path / "out"), str(world), (str(transformer),))
    found = run_suite(run, progress=False)["suite"]["sections"]["deletion"]["by_data"]["some-faces/test"]
    assert (found["maps"], found["cells"]) == ("Grad-CAM", 100)


def test_attacks_are_a_section_on_request(world, two_detectors, tmp_path, monkeypatch):
    pytest.importorskip("art", reason="attacks need the attacks extra")
    monkeypatch.setattr(attacks, "SQUARE_QUERIES", 3)
    wanted = "attacks: {faces: 4, kinds: [pgd, square], levels: [4]}"
    (tmp_path / "attacks.yaml").write_text(f"data: [some-faces/test]\nsections: [{wanted}]")
    run = SuiteRun(str(tmp_path / "attacks.yaml"), str(tmp_path / "out"), str(world), two_detectors)
    report = run_suite(run, progress=False)
    found = report["suite"]["sections"]["attacks"]["found"]
    assert [(each["detector"], each["attack"]) for each in found] == [
        (name, kind) for name in report["suite"]["detectors"] for kind in ("pgd", "square")
    ]
    pgd = [each for each in found if each["attack"] == "pgd"]
    assert all(each["faces"] == 4 and each["attacked"]["auc"] <= each["clean"]["auc"] for each in pgd)
    assert pgd[0]["attacked"] == pgd[1]["attacked"]  # one network under two names
    assert "4/255" in (tmp_path / "out/report.md").read_text()


CLIPS = """
data: [clips]
sections: [scores, verdicts, methods, failures, groups, calibration, selective_risk, robustness, deletion]
resamples: 100
"""


def test_a_suite_of_clips_leaves_out_what_is_of_single_pictures(write_clip, tiny_detector, tmp_path):
    for number in range(4):
        write_clip(f"clips/{('real', 'fake')[number % 2]}/{number}.mp4", [draw_face(number, 96)] * 2)
    (tmp_path / "clips.yaml").write_text(CLIPS)
    run = SuiteRun(str(tmp_path / "clips.yaml"), str(tmp_path / "out"), str(tmp_path), (str(tiny_detector),))
    report = run_suite(run, progress=False)
    (entry,) = report["datasets"]
    assert (entry["level"], entry["counts"]["total"]) == ("video", 4)
    assert entry["counts"]["unreadable"] == 0
    page = (tmp_path / "out/report.md").read_text()
    assert "4 clips (2 real, 2 fake)" in page
    assert page.count("Clips are left out, for this is of single pictures: clips (4).") == 2
    assert "`predict_video`" in page


def test_a_method_that_the_suite_names_is_that_of_the_fakes_alone(written):
    output, report = written
    found = report["suite"]["sections"]["methods"]["by_detector"][report["detector"]]
    assert (list(found["others"]), list(found["some-faces/test"])) == (["by hand"], ["unknown"])
    rows = [row for row in csv.DictReader((output / SCORES).open()) if row["dataset"] == "others"]
    assert {(row["label"], row["method"]) for row in rows} == {("real", "real"), ("fake", "by hand")}


def test_failures_are_told_without_a_picture_in_the_report(written):
    output, report = written
    found = report["suite"]["sections"]["failures"]["by_data"]
    said = {(row["dataset"], row["file"]): row["verdict"] for row in csv.DictReader((output / SCORES).open())}
    verdicts = {
        (kind, said[name.split("/")[0], each["file"]])
        for name, entry in found.items()
        for kind in entry
        for each in entry[kind]["surest"]
    }
    assert verdicts
    assert verdicts <= {("real_called_fake", "fake"), ("fake_called_real", "real")}
    assert "96×96 px, face" in (output / "report.md").read_text()
    assert "data:image" not in (output / REPORT).read_text()


def test_the_pages_show_every_figure(written):
    output, _ = written
    figures = {path.name for path in output.glob("*.png")}
    assert set(re.findall(r"\]\((.+?\.png)\)", (output / "report.md").read_text())) == figures
    page = (output / "report.html").read_text()
    assert page.count("data:image/png;base64,") == len(figures)
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)


def test_the_clean_scores_of_the_robustness_are_those_of_the_report(written):
    output, report = written
    entry = report["suite"]["sections"]["robustness"]["by_detector"][report["detector"]]["others"]
    rows = [row for row in csv.DictReader((output / SCORES).open()) if row["dataset"] == "others"]
    chosen = [rows[index] for index in np.linspace(0, len(rows) - 1, 3).round().astype(int)]
    assert entry["faces"] == sum(bool(row["fake_probability"]) for row in chosen)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_root": "nowhere"}, "not below nowhere"),  # a data root that is not there
        ({"detectors": ("{detector}", "{detector}")}, "Two detectors are called"),  # the same one twice
        ({"detectors": ("user/name",), "write_report": True}, "needs a detector folder"),  # no place to write to
        ({"output": "{suite}"}, "Could not make the folder"),  # a file stands in the way
    ],
)
def test_what_cannot_be_used_is_one_line(world, tiny_detector, change, words):
    fields = {"suite": "{suite}", "output": str(world / "o"), "data_root": str(world), "detectors": ("{detector}",)}
    known = {"{suite}": str(world / "suite.yaml"), "{detector}": str(tiny_detector)}

    def fill(value):
        return tuple(map(fill, value)) if isinstance(value, tuple) else known.get(value, value)

    with pytest.raises(DataError) as caught:
        run_suite(SuiteRun(**{name: fill(value) for name, value in (fields | change).items()}), progress=False)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_names_no_place_of_this_machine(tmp_path):
    run = SuiteRun("train/suites/default.yaml", str(tmp_path / "out"), str(tmp_path / "data"), (None,), limit=9)
    assert describe_command(run) == (
        "python train/score.py --suite train/suites/default.yaml --data-root data --limit 9 --output out"
    )
