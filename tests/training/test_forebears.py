"""What a run keeps of the detectors that it starts and learns from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.training.forebears import describe_hardware, with_forebears  # noqa: E402


def write_folder(folder: Path, weights: bytes = b"any", **record: Any) -> Path:
    """Write what is read of a detector's folder: its weights, and its run where one is given."""
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(weights)
    if record:
        (folder / "train_config.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    run = {"data": ["a"], "history": [{"minutes": 7}], "processes": 2, "hardware": "CPU"}
    return write_folder(tmp_path / "first/detector", b"1", **run)


def names(record: dict[str, Any]) -> list[str]:
    return [each["name"] for each in record.get("forebears", [])]


def test_a_forebear_is_told_with_its_command_and_its_time(first: Path) -> None:
    (told,) = with_forebears({"seed": 0}, [first])["forebears"]
    assert told["name"] == "runs/first/detector"
    assert "--data a" in told["commands"][0]
    assert (told["minutes"], told["processes"], told["hardware"]) == (7.0, 2, "CPU")
    assert len(told["weights"]) == 8


def test_those_of_a_forebear_come_before_it_in_one_flat_list(first: Path, tmp_path: Path) -> None:
    second = write_folder(tmp_path / "second/detector", b"2", **with_forebears({"data": ["b"]}, [first]))
    third = with_forebears({"data": ["c"]}, [second])
    assert names(third) == ["runs/first/detector", "runs/second/detector"]
    assert all("forebears" not in each for each in third["forebears"])
    assert "forebears" not in third["forebears"][1]["commands"][0]


def test_what_starts_and_teaches_a_run_counts_once(first: Path, tmp_path: Path) -> None:
    again = Path(shutil.copytree(first, tmp_path / "copy/detector"))  # the same weights by another name
    assert names(with_forebears({}, [first, again])) == ["runs/first/detector"]


def test_a_folder_that_tells_nothing_leaves_no_key(tmp_path: Path) -> None:
    assert with_forebears({"seed": 0}, [write_folder(tmp_path / "untold")]) == {"seed": 0}


def test_a_detector_is_no_forebear_of_its_own(first: Path, tmp_path: Path) -> None:
    second = write_folder(tmp_path / "second/detector", b"2", **with_forebears({"data": ["b"]}, [first]))
    assert names(with_forebears({}, [second], itself=first)) == ["runs/second/detector"]


def test_a_cpu_is_told_with_its_threads() -> None:
    assert describe_hardware(torch.device("cpu")) == f"CPU, {torch.get_num_threads()} thread(s) a process"
