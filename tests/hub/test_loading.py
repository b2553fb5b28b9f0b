"""Loading a detector by name: shipped, from disk, from the loopback Hub and from its cache."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

from unmask.errors import DetectorError, DetectorNotFound, HubError, UnmaskError
from unmask.hub import load_detector, loading, push_detector

REPO = "ada/face-check"


@pytest.fixture(autouse=True)
def without_yunet(monkeypatch):
    """Find faces with OpenCV's own cascade: fetching the face model has tests of its own."""
    monkeypatch.setattr(loading, "fetch_face_model", lambda: None)


@pytest.fixture
def published(hub, scored_detector):
    """The loopback Hub with the tiny detector on it as v1."""
    push_detector(scored_detector, REPO, tag="v1")
    hub.requests.clear()
    return hub


def crops(count: int = 4) -> list[np.ndarray]:
    random = np.random.default_rng(7)
    return [random.integers(0, 256, (90 + 10 * i, 90 + 10 * i, 3), dtype=np.uint8) for i in range(count)]


def test_what_comes_back_from_the_hub_predicts_as_what_went_up(published, scored_detector):
    here, there = load_detector(scored_detector), load_detector(REPO, revision="v1")
    assert np.array_equal(here.score_faces(crops()), there.score_faces(crops()))
    assert there.settings == here.settings


def test_training_goes_on_from_the_hub_and_remembers_what_was_seen(hub, scored_detector, monkeypatch):
    from unmask.training.config import TrainConfig
    from unmask.training.network import make_network, trained_before

    loading._fetch_ours.cache_clear()
    config = json.loads((scored_detector / "config.json").read_text())
    config["unmask"]["trained_on"] = ["dfdc-faces"]
    (scored_detector / "config.json").write_text(json.dumps(config))
    push_detector(scored_detector, REPO)
    assert trained_before(TrainConfig(init_weights=REPO), ("mine",)) == ("dfdc-faces", "mine")
    head = make_network(TrainConfig(backbone="test_resnet", init_weights=REPO, input_size=96)).get_classifier()
    assert head.weight.any()  # the detector's own, not a new one
    assert trained_before(TrainConfig(init_weights="ada/nothing"), ("mine",)) == ("mine",)
    assert trained_before(TrainConfig(teacher=[REPO]), ("mine",)) == ("dfdc-faces", "mine")


def test_the_name_says_which_commit_was_loaded(published):
    commit = published.repositories[REPO].tags["v1"]
    assert load_detector(REPO, revision="v1").name == f"{REPO}@{commit[:7]}"
    assert load_detector(REPO, revision=commit).name == f"{REPO}@{commit[:7]}"


def test_a_tag_keeps_its_weights_when_the_branch_moves_on(published, scored_detector, tmp_path):
    newer = shutil.copytree(scored_detector, tmp_path / "newer")
    config = json.loads((newer / "config.json").read_text())
    config["unmask"]["real_threshold"] = 0.01
    (newer / "config.json").write_text(json.dumps(config))
    push_detector(newer, REPO)
    assert load_detector(REPO).settings.real_threshold == 0.01
    assert load_detector(REPO, revision="v1").settings.real_threshold != 0.01


def test_a_second_load_downloads_nothing(published):
    load_detector(REPO, revision="v1")
    published.requests.clear()
    load_detector(REPO, revision="v1")
    assert published.requests == [f"GET /api/models/{REPO}/revision/v1"]


def test_a_commit_in_the_cache_is_loaded_without_asking(published):
    commit = published.repositories[REPO].tags["v1"]
    load_detector(REPO, revision="v1")
    published.requests.clear()
    load_detector(REPO, revision=commit)
    assert published.requests == []


OUTAGES = [  # how the Hub is out of reach once the detector is in the cache
    {"offline": True},  # HF_HUB_OFFLINE=1
    {"endpoint": "http://127.0.0.1:9"},  # no network: nobody listens on the discard port
    {"status": 503},  # the Hub is down
    {"status": 429},  # the Hub is overloaded
    {"status": None},  # the connection is cut
]


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_what_is_in_the_cache_is_loaded_when_the_hub_is_out_of_reach(published, monkeypatch, outage):
    name = load_detector(REPO, revision="v1").name
    cut_off(published, monkeypatch, **outage)
    assert load_detector(REPO, revision="v1").name == name


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_what_is_not_in_the_cache_is_named_with_the_reason(published, monkeypatch, outage):
    cut_off(published, monkeypatch, **outage)
    with pytest.raises(DetectorNotFound, match=r"no folder ada/face-check here, .* cache: .+") as raised:
        load_detector(REPO, revision="v1")
    assert "\n" not in str(raised.value)


def cut_off(hub, monkeypatch, offline: bool = False, endpoint: str = "", **fault: int | None) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    if endpoint:
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
    if fault:
        hub.fail("GET", fault["status"])


def test_only_the_files_of_a_detector_are_fetched(hub, scored_detector):
    files = {path.name: path.read_bytes() for path in scored_detector.iterdir()}
    hub.put(REPO, {**files, "pytorch_model.bin": b"\x80\x04", "code.py": b"", "sub/config.json": b"{}"})
    folder = load_detector(REPO).folder
    fetched = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert fetched <= set(loading.FETCHED_FILES)
    assert not [request for request in hub.requests if "pytorch_model" in request]


def test_a_download_that_is_cut_leaves_no_half_detector(published):
    published.fail(r"GET .*/resolve/.*/model\.onnx", None, times=99)
    with pytest.raises(HubError, match="fetch ada/face-check"):
        load_detector(REPO)
    published.faults.clear()
    assert load_detector(REPO).score_faces(crops(1)).shape == (1,)


REFUSALS = [  # what is asked for, and what the reader must be told
    ("ada/nobody", None, r"no folder ada/nobody here, .* no repository ada/nobody"),  # no such repository
    ("ada/face-check", "v9", r"no such branch, tag or commit"),  # no such tag
    ("runs/missing", None, r"no folder runs/missing here"),  # a relative path that looks like a repository
    ("./runs/missing", None, r"There is no detector at \./runs/missing: no such folder"),  # plainly a path
    ("a/b/c", None, r"There is no detector at a/b/c"),  # too deep for a repository
    ("face-check", None, r"There is no detector at face-check"),  # a bare name
    ("~nobody-of-that-name/x", None, r"There is no detector at ~nobody-of-that-name/x"),  # no such home
    ("a" * 5000, None, r"There is no detector at aaaa"),  # longer than any file's name
    (Path("ada/face-check"), None, r"There is no detector at ada/face-check"),  # a Path is never a repository
]


@pytest.mark.parametrize(("source", "revision", "told"), REFUSALS, ids=[str(row[0])[:30] for row in REFUSALS])
def test_what_is_not_there_is_told_in_one_line(published, source, revision, told):
    with pytest.raises(DetectorNotFound, match=told) as raised:
        load_detector(source, revision)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("token", ["", "hf_unknown"], ids=["no token", "a wrong token"])
def test_a_private_detector_is_hidden_from_others(hub, scored_detector, monkeypatch, token):
    push_detector(scored_detector, REPO, private=True)
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(DetectorNotFound, match="HF_TOKEN"):
        load_detector(REPO)


def test_a_gated_detector_says_where_to_ask_for_access(published):
    published.repositories[REPO].gated = True
    with pytest.raises(HubError, match=f"is gated. Ask for access on {published.url}/{REPO}"):
        load_detector(REPO)


def test_a_repository_that_is_no_detector_is_named(hub):
    hub.put(REPO, {"README.md": b"# something else", "pytorch_model.bin": b"\x80\x04"})
    with pytest.raises(DetectorError, match=r"ada/face-check@\w{7} is not a whole detector: .*config\.json"):
        load_detector(REPO)


def test_a_detector_that_a_stranger_names_comes_from_the_hub_whatever_lies_here(
    published, scored_detector, tmp_path, monkeypatch
):
    (tmp_path / "ada" / "face-check").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    detector = loading.load_public_detector(REPO, "v1")
    assert re.fullmatch(REPO + r"@\w{7}", detector.name)
    assert np.array_equal(detector.score_faces(crops()), load_detector(scored_detector).score_faces(crops()))


def test_our_token_opens_no_private_detector_for_a_stranger(hub, scored_detector):
    push_detector(scored_detector, REPO, private=True)
    load_detector(REPO)  # we may, and have it in the cache now
    with pytest.raises(DetectorNotFound, match=f"There is no public repository {REPO} on the Hub"):
        loading.load_public_detector(REPO)


def test_a_stranger_cannot_have_a_huge_detector_fetched(published, monkeypatch):
    monkeypatch.setattr(loading, "MOST_PUBLIC_BYTES", 1000)
    with pytest.raises(DetectorError, match="larger than 0 MiB"):
        loading.load_public_detector(REPO)
    assert not any("resolve" in request for request in published.requests)


@pytest.mark.parametrize("name", ["../etc", "a/b/c", "<b>/x", ""])
def test_what_is_no_hub_id_is_not_asked_for(hub, name):
    with pytest.raises(DetectorNotFound, match="as user/name"):
        loading.load_public_detector(name)
    assert hub.requests == []


def test_a_folder_wins_over_a_repository_of_the_same_name(published, scored_detector, tmp_path, monkeypatch):
    shutil.copytree(scored_detector, tmp_path / "ada" / "face-check")
    monkeypatch.chdir(tmp_path)
    load_detector(REPO)
    assert published.requests == []


def test_a_revision_is_refused_for_what_is_not_on_the_hub(scored_detector):
    for source in (scored_detector, None):
        with pytest.raises(UnmaskError, match="A revision is for detectors on the Hub"):
            load_detector(source, revision="v1")


def test_the_options_that_load_a_detector_again(published, scored_detector):
    assert loading.loading_options(load_detector()) == []
    assert loading.loading_options(load_detector(scored_detector)) == ["--detector", str(scored_detector)]
    name, commit = "--detector --revision".split(), load_detector(REPO, revision="v1").folder.name
    assert loading.loading_options(load_detector(REPO, revision="v1")) == [name[0], REPO, name[1], commit]
    assert load_detector(REPO, revision=commit).folder.name == commit  # what they say can be loaded


def test_a_file_in_place_of_a_folder_is_told_so(scored_detector):
    with pytest.raises(DetectorNotFound, match="it is a file"):
        load_detector(scored_detector / "model.onnx")


def test_the_shipped_detector_is_named_after_its_weights(scored_detector, monkeypatch):
    monkeypatch.setattr(loading, "SHIPPED", scored_detector)
    assert load_detector().name.startswith("unmask-default@")


def test_a_detector_on_disk_is_loaded_without_the_hubs_client(scored_detector):
    code = f"import sys, unmask.hub as hub; hub.load_detector({str(scored_detector)!r}); print(*sys.modules)"
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"torch", "httpx", "httpx2", "huggingface_hub.hf_api", "yaml"} & set(done.stdout.split())


def test_a_copy_without_a_shipped_detector_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "SHIPPED", tmp_path / "default")
    with pytest.raises(DetectorNotFound, match="ships none"):
        load_detector()
