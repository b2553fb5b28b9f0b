"""Attacks stay within their strength, turn scores the wrong way, and are reported as they were."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="attacks need the train extra")

from unmask import load_detector
from unmask.errors import MetricError, UnmaskError
from unmask.evaluation import attacks
from unmask.evaluation.attacks import AttackScores, attack_dataset, render_attacks
from unmask.evaluation.judged_faces import fake_logits
from unmask.evaluation.samples import read_split
from unmask.media.drawing import draw_face

SCRIPT = Path(__file__).parents[2] / "train/attack.py"


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A data folder with two drawn faces of each label."""
    folder = tmp_path_factory.mktemp("data") / "faces"
    for index in range(4):
        path = folder / ("real", "fake")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_face(index)).save(path)
    return folder


class Recorder:
    """A detector that keeps the crops that it was asked to score."""

    def __init__(self, detector):
        self.detector, self.asked = detector, []

    def __getattr__(self, name):
        return getattr(self.detector, name)

    def score_faces(self, crops):
        self.asked.append(np.stack(crops).astype(int))
        return self.detector.score_faces(crops)


@pytest.mark.parametrize(
    ("attack", "level", "least"),
    [
        ("pgd", 4, 4),  # knows the weights: no face gets past it
        ("square", 8, 1),  # only asks: it keeps what helps and drops the rest
    ],
)
def test_an_attack_stays_within_its_level_and_misleads(tiny_detector, faces, monkeypatch, attack, level, least):
    pytest.importorskip("art", reason="attacks need the attacks extra")
    monkeypatch.setattr(attacks, "SQUARE_QUERIES", 5)
    monkeypatch.setattr(attacks, "BATCH", 3)  # the last batch is not full
    detector, samples = Recorder(load_detector(tiny_detector)), read_split(faces)
    before = np.random.get_state()[1].copy()
    (found,) = attack_dataset(detector, samples, "faces", attacks=[attack], levels=[level], progress=False)
    assert (np.random.get_state()[1] == before).all()  # the caller's draws are its own
    clean, changed = detector.asked
    assert 1 <= np.abs(changed - clean).max() <= level
    wrong_way = np.where(found.labels == 1, found.clean - found.attacked, found.attacked - found.clean)
    assert (wrong_way > 0).sum() >= least
    assert (wrong_way > -1e-3).all()  # rounding may cost a trace
    (again,) = attack_dataset(detector, samples, "faces", attacks=[attack], levels=[level], progress=False)
    assert (again.attacked == found.attacked).all()


def test_the_script_writes_a_page_and_json(tiny_detector, faces, tmp_path, monkeypatch, capsys):
    pytest.importorskip("art", reason="attacks need the attacks extra")
    words = [str(tiny_detector), "--data", str(faces), "--attack", "pgd", "--level", "2", "--output", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["attack.py", *words])
    assert runpy.run_path(str(SCRIPT))["main"]() == 0
    (entry,) = json.loads((tmp_path / "attacks.json").read_text())["attacks"]
    assert (entry["dataset"], entry["attack"], entry["levels"], entry["faces"]) == ("faces", "pgd", 2, 4)
    assert (tmp_path / "attacks.md").read_text() in capsys.readouterr().out


def test_a_missing_toolbox_is_one_line_that_says_how_to_install_it(tiny_detector, faces, monkeypatch):
    monkeypatch.setitem(sys.modules, "art.estimators.classification", None)
    with pytest.raises(MetricError, match=r"^Attacks need .* pip install 'unmask\[train,attacks\]'\.$"):
        attack_dataset(load_detector(tiny_detector), read_split(faces), "faces", progress=False)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"attacks": ["pdg"]}, "Did you mean pgd"),  # a slip of the pen
        ({"levels": [0]}, "not from 1 to 255"),  # no change is no attack
        ({"levels": []}, "not from 1 to 255"),
    ],
)
def test_a_wrong_wish_is_refused_before_any_work(tiny_detector, faces, wish, said):
    with pytest.raises(UnmaskError, match=said):
        attack_dataset(load_detector(tiny_detector), read_split(faces), "faces", progress=False, **wish)


def test_the_report_tells_clean_from_attacked():
    labels, sources = np.array([0, 0, 1, 1]), ("a", "b", "c", "d")
    clean, attacked = np.array([0.1, 0.6, 0.7, 0.9]), np.array([0.8, 0.9, 0.2, 0.6])
    found = AttackScores("mine", "faces", "pgd", 2, labels, sources, clean, attacked, left_out=1)
    figures = found.to_dict()
    assert (figures["clean"]["auc"], figures["clean"]["accuracy"]) == (1.0, 0.75)
    assert (figures["attacked"]["auc"], figures["attacked"]["accuracy"]) == (0.0, 0.25)
    low, high = figures["attacked"]["accuracy_interval"]
    assert low < 0.25 < high
    assert figures["turned"] == pytest.approx(2 / 3)  # of three right answers one stood
    row = "| mine | faces | pgd | 2/255 | 4 | 1.000 | 0.000 | 0.750 (0.250–1.000) | 0.250 (0.000–0.750) | 67% |"
    assert row in render_attacks([found])


def test_one_class_alone_has_no_auc_and_its_accuracy_all_the_same():
    found = AttackScores(
        "mine", "reals", "pgd", 2, np.zeros(2, int), "ab", np.array([0.6, 0.7]), np.array([0.8, 0.9]), 0
    )
    assert found.to_dict()["clean"] == {"auc": None, "auc_interval": None, "accuracy": 0.0, "accuracy_interval": None}
    assert found.to_dict()["turned"] is None  # there was no right answer to turn
    json.dumps(found.to_dict())


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_is_attacked_is_what_judges(tiny_detector, mirrored):
    """The oracle is the ONNX file, which serves."""
    import torch

    from unmask.evaluation.served_network import ServedNetwork
    from unmask.export import read_model

    detector = load_detector(tiny_detector)
    pixels = np.stack([draw_face(seed, 96) for seed in range(3)])
    network = ServedNetwork(read_model(tiny_detector), detector.input_spec, mirrored)
    logits = network(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255).numpy()
    views = [fake_logits(detector, pixels), fake_logits(detector, pixels[:, :, ::-1])]
    expected = np.mean(views, axis=0) if mirrored else views[0]
    assert np.allclose(logits[:, 1] - logits[:, 0], expected, atol=1e-4)
