"""`unmask detectors`: what is listed of the Hub's cache that the real client filled, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download

from unmask import cli
from unmask.hub import find_detectors, load_detector, loading

REPO = "ada/face-check"


@pytest.fixture
def cached(hub, scored_detector, monkeypatch):
    """The loopback Hub, whose detector was loaded once by its tag and once by its branch."""
    monkeypatch.setattr(loading, "fetch_face_model", lambda: None)
    files = {path.name: path.read_bytes() for path in scored_detector.iterdir()}
    model = hub.put(REPO, files)
    model.tags["v1"] = model.commits[-1][0]
    load_detector(REPO, revision="v1")
    model.commits.append(("f" * 40, files | {"README.md": b"newer"}))
    load_detector(REPO)
    return hub


def listed(capsys, *arguments: str) -> list[str]:
    with pytest.raises(SystemExit) as end:
        cli.main(["detectors", *arguments])
    assert not end.value.code
    return capsys.readouterr().out.splitlines()


def test_every_cached_version_is_found_and_loads_again_without_the_hub(cached):
    cached.fail(".*", 500)
    found = [each for each in find_detectors() if each.name == REPO]
    assert {(each.revision, each.refs) for each in found} == {
        (cached.repositories[REPO].tags["v1"], ("v1",)),
        ("f" * 40, ("main",)),
    }
    for each in found:
        assert load_detector(REPO, revision=each.revision).name == f"{REPO}@{each.revision[:7]}"
        assert each.bytes == sum(path.stat().st_size for path in each.folder.iterdir())
        assert each.last_used is not None


def test_the_shipped_detector_comes_first(cached):
    assert find_detectors()[0].folder == loading.SHIPPED
    assert find_detectors()[0].name == load_detector().name


def test_what_is_no_detector_is_not_listed(hub, scored_detector):
    config, network = ((scored_detector / name).read_bytes() for name in ("config.json", "model.onnx"))
    hub.put("ada/part", {"config.json": config})  # one file of a detector
    hub.put("timm/other", {"config.json": b"{}", "model.onnx": network})  # another project's model
    hub.put("ada/damaged", {"config.json": b"{", "model.onnx": network})  # no JSON
    for repo in list(hub.repositories):
        for name in hub.repositories[repo].commits[-1][1]:
            hf_hub_download(repo, name, endpoint=hub.url)
    assert [each.name for each in find_detectors() if each.revision] == []


def test_json_is_an_object_a_line_with_the_whole_commit(cached, capsys):
    shipped, *found = (json.loads(line) for line in listed(capsys, "--json"))
    assert shipped["revision"] is None
    assert {each["revision"] for each in found} == {cached.repositories[REPO].tags["v1"], "f" * 40}
    assert all(Path(each["folder"], "model.onnx").is_file() for each in found)
    assert list(found[0]) == ["name", "revision", "refs", "bytes", "last_used", "folder"]


def test_the_table_says_name_version_size_and_place(cached, capsys):
    head, shipped, newest, *_ = listed(capsys)
    assert head.split() == ["detector", "version", "MB", "last", "used", "folder"]
    assert "shipped" in shipped
    assert newest.startswith(f"{REPO}  ")
    assert "fffffff (main)" in newest


def test_a_machine_without_any_says_how_to_get_one(hub, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(loading, "SHIPPED", tmp_path)
    (line,) = listed(capsys)
    assert line.startswith("No detector here.")
    assert listed(capsys, "--json") == []
