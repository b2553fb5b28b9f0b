"""The model card: valid for the Hub, true to the report, and whole whatever the report lacks."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from unmask.card import card_metadata, hub_slug, render_card
from unmask.detector_folder import read_config
from unmask.errors import BrokenDetector


def edit_report(folder: Path, **changes) -> None:
    """Change the first data set's entry of a folder's report."""
    report = json.loads((folder / "report.json").read_text())
    report["datasets"] = report["datasets"][:1]
    report["datasets"][0].update(changes)
    (folder / "report.json").write_text(json.dumps(report))


def test_the_metadata_is_what_the_hub_asks_for(scored_detector):
    data = ModelCard(render_card(scored_detector)).data
    assert (data.library_name, data.pipeline_tag) == ("timm", "image-classification")
    assert {"unmask", "deepfake-detection"} <= set(data.tags)
    assert {"roc_auc", "accuracy"} <= set(data.metrics)


def test_every_score_of_the_index_is_the_reports(scored_detector):
    scores = {"auc": 0.91239, "accuracy": 0.8, "eer": None, "threshold": 0.5}
    edit_report(scored_detector, name="FF++ c23", split="test", metrics=scores)
    results = ModelCard(render_card(scored_detector)).data.eval_results
    assert {(r.metric_type, r.metric_value) for r in results} == {("roc_auc", 0.9124), ("accuracy", 0.8)}
    assert {(r.dataset_type, r.dataset_name, r.dataset_split) for r in results} == {("ff-c23", "FF++ c23", "test")}


def test_the_table_shows_what_was_not_scored_and_how_often_it_errs(scored_detector):
    edit_report(
        scored_detector,
        name="faces",
        split=None,
        seen_in_training=False,
        counts={"total": 1000, "no_face": 30, "unreadable": 2, "available": 4000},
        metrics={"auc": 0.92454, "accuracy": 0.8, "eer": 0.2},  # rounded once: by way of 0.9245 it would be 0.924
        verdicts={
            "real": {"real": 400, "uncertain": 50, "fake": 40, "no_face": 10},
            "fake": {"real": 25, "uncertain": 50, "fake": 405, "no_face": 20},
        },
    )
    row = "| faces | no | 1,000 of 4,000 | 30 | 2 | 0.925 | 0.800 | 0.200 | 8.0 % | 5.0 % | 10.0 % |"
    assert row in render_card(scored_detector)


FINDERS = [  # what the report says of the finder, and what the card does
    (
        {"face_finder": "haar"},
        "2026-01-02, faces found by OpenCV's Haar cascades (`haar`): 9 of 10 pictures have a score",
    ),
    ({"face_finder": "yunet"}, "2026-01-02, faces found by YuNet (`yunet`): 9 of 10 pictures"),
    ({}, "scored on 2026-01-02: 9 of 10 pictures have a score, 1 no face that was found"),  # an older report
]


@pytest.mark.parametrize(("changes", "words"), FINDERS)
def test_the_scores_name_finder_date_and_counts(scored_detector, changes, words):
    edit_report(scored_detector, **changes)
    card = render_card(scored_detector)
    assert words in card
    assert ("boxes them a little otherwise" in card) == (changes.get("face_finder") == "haar")


def test_a_set_of_one_class_has_dashes_and_no_entry_in_the_index(scored_detector):
    edit_report(scored_detector, metrics={"auc": None, "accuracy": None, "eer": None}, verdicts={})
    card = ModelCard(render_card(scored_detector))
    assert card.data.eval_results is None
    assert "| – | – | – | – | – | – |" in card.text


def test_a_folder_without_a_report_says_so(scored_detector):
    (scored_detector / "report.json").unlink()
    card = ModelCard(render_card(scored_detector))
    assert "Not scored yet" in card.text
    assert card.data.metrics is None


@pytest.mark.parametrize(
    "content",
    [
        "{",  # not JSON
        "[]",  # not an object
        '{"format_version": 2, "datasets": []}',  # of another format
        '{"format_version": 1, "datasets": [{"name": "x"}]}',  # without scores
    ],
)
def test_a_report_that_is_none_is_told_in_one_line(scored_detector, content):
    (scored_detector / "report.json").write_text(content)
    with pytest.raises(BrokenDetector, match=r"report\.json") as raised:
        render_card(scored_detector)
    assert "\n" not in str(raised.value)


def test_the_snippets_load_what_was_published(scored_detector):
    card = render_card(scored_detector, "ada/face-check", "v1")
    assert 'load_detector("ada/face-check", revision="v1")' in card
    assert 'timm.create_model("hf-hub:ada/face-check", pretrained=True)' in card
    assert 'pipeline("image-classification", model="ada/face-check")' in card


def test_the_onnx_snippet_runs_and_gives_what_the_detector_gives(scored_detector, monkeypatch):
    import numpy as np
    from PIL import Image

    from unmask.detector import Detector

    pixels = np.random.default_rng(3).integers(0, 256, (120, 120, 3), dtype=np.uint8)
    _, _, after = render_card(scored_detector).partition("import numpy as np, onnxruntime")
    code = "import numpy as np, onnxruntime" + after.partition("```")[0]
    names = {"face_crop": Image.fromarray(pixels)}
    monkeypatch.chdir(scored_detector)
    exec(code, names)
    assert names["fake"] == pytest.approx(Detector(scored_detector).score_faces([pixels])[0], abs=1e-4)


LICENCES = [  # the licence in config.json, and the card's keys
    ("cc-by-nc-4.0", {"license": "cc-by-nc-4.0"}),  # one the Hub knows
    ("Apache-2.0", {"license": "apache-2.0"}),  # the same in other letters
    ("FaceForensics++ terms", {"license": "other", "license_name": "faceforensics-terms"}),  # any other
]


@pytest.mark.parametrize(("licence", "keys"), LICENCES)
def test_the_licence_is_given_as_the_hub_takes_it(scored_detector, licence, keys):
    settings = dataclasses.replace(read_config(scored_detector).settings, license=licence)
    metadata = card_metadata(settings, {"datasets": []})
    assert {key: metadata[key] for key in metadata if key.startswith("license")} == keys


def test_weights_of_research_data_say_that_they_are_not_for_commerce(scored_detector):
    config = json.loads((scored_detector / "config.json").read_text())
    config["unmask"] |= {"license": "cc-by-nc-4.0", "trained_on": ["ffpp-c23-deepfakes", "stylegan-140k"]}
    (scored_detector / "config.json").write_text(json.dumps(config))
    card = render_card(scored_detector)
    assert "may not be used commercially" in card
    assert "FaceForensics++" in card
    assert "FFHQ" in card
    assert "DFDC" not in card


@pytest.mark.parametrize(
    ("name", "slug"),
    [("FF++ c23", "ff-c23"), ("dfdc-faces/train", "dfdc-faces-train"), ("..a b..", "a-b")],
)
def test_names_are_put_in_the_letters_of_the_hub(name, slug):
    assert hub_slug(name) == slug


def test_an_older_folder_without_forebears_still_has_its_run(scored_detector):
    record = {"history": [{"minutes": 20}, {"minutes": 40}], "processes": 2, "init_weights": "first"}
    assert "The run's time was not recorded" in render_card(scored_detector)
    (scored_detector / "train_config.json").write_text(json.dumps(record | {"data": ["faces"]}))
    card = render_card(scored_detector)
    assert "Training took 60 minutes in 2 process(es). What `first` took" in card
    assert "--init-weights first" in card
