"""Checkpoints: whole or not there, found again by their hashes, and never in the way of an older one."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.errors import TrainingError  # noqa: E402
from unmask.training import checkpoints  # noqa: E402
from unmask.training.checkpoints import (  # noqa: E402
    KEPT,
    MANIFEST,
    STATE,
    Checkpoint,
    find_damage,
    list_checkpoints,
    newest_checkpoint,
    save_checkpoint,
)


def checkpoint(number: int, size: int = 5) -> Checkpoint:
    weights = {"a": torch.full((size,), float(number)), "steps": torch.tensor(number)}
    return Checkpoint({"number": number, "rate": 0.1 + 0.2}, {"model": weights, "empty": {}})


def test_what_was_saved_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    best = tmp_path / "best.safetensors"
    best.write_bytes(b"weights")
    saved = Checkpoint({"rate": 0.1 + 0.2}, {"model": {"a": torch.randn(3, 4).t()}}, {"best.safetensors": best})
    save_checkpoint(tmp_path / "c", saved)
    read = newest_checkpoint(tmp_path / "c")
    assert read is not None
    assert read.state == saved.state
    assert torch.equal(read.tensors["model"]["a"], saved.tensors["model"]["a"])
    assert read.files["best.safetensors"].read_bytes() == b"weights"


def test_older_ones_are_pruned_and_leftovers_go(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-000001.part").mkdir()  # of a run that was killed while saving
    for number in range(KEPT + 2):
        save_checkpoint(tmp_path, checkpoint(number))
    assert len(list(tmp_path.iterdir())) == KEPT
    assert newest(tmp_path) == KEPT + 1


def newest(folder: Path) -> int | None:
    read = newest_checkpoint(folder, lambda line: None)
    return None if read is None else read.state["number"]


def truncate(place: Path) -> None:
    path = place / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])


def flip_a_bit(place: Path) -> None:
    path = place / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def lose_a_file(place: Path) -> None:
    (place / "model.safetensors").unlink()


def lose_the_manifest(place: Path) -> None:
    (place / MANIFEST).unlink()


def damage_the_manifest(place: Path) -> None:
    (place / MANIFEST).write_text('{"files": {"state.json": 3}}')


def forget_the_state(place: Path) -> None:
    manifest = json.loads((place / MANIFEST).read_text())
    del manifest["files"][STATE]
    (place / MANIFEST).write_text(json.dumps(manifest))


def climb_out(place: Path) -> None:
    manifest = json.loads((place / MANIFEST).read_text())
    manifest["files"]["../outside"] = [0, ""]
    (place / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "damage",
    [truncate, flip_a_bit, lose_a_file, lose_the_manifest, damage_the_manifest, forget_the_state, climb_out],
)
def test_a_damaged_checkpoint_is_skipped_with_a_word(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    for number in (1, 2):
        save_checkpoint(tmp_path, checkpoint(number))
    damage(list_checkpoints(tmp_path)[-1])
    said: list[str] = []
    read = newest_checkpoint(tmp_path, said.append)
    assert read is not None
    assert read.state["number"] == 1
    assert len(said) == 1
    assert "checkpoint-000002 is skipped" in said[0]


def test_a_run_with_damaged_checkpoints_alone_is_not_begun_anew(tmp_path: Path) -> None:
    flip_a_bit(save_checkpoint(tmp_path, checkpoint(1)))
    with pytest.raises(TrainingError, match=r"No checkpoint in .* is whole"):
        newest(tmp_path)


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path / "nowhere") is None


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 64 KB, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_line_and_leaves_the_older_whole(tmp_path: Path, small_files: None) -> None:
    save_checkpoint(tmp_path, checkpoint(1))
    with pytest.raises(
        TrainingError, match=r"Could not write a checkpoint to .*: File too large\. .*--resume"
    ) as error:
        save_checkpoint(tmp_path, checkpoint(2, size=1 << 20))
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000001"]
    assert newest(tmp_path) == 1


@pytest.mark.parametrize("call", ["_sync", "file_digest", "_link", "_drop_older"])
def test_a_stop_at_any_call_of_a_save_leaves_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """As a kill does it: nothing after the call runs, no cleaning up either."""
    best = tmp_path / "best"
    best.write_bytes(b"x")
    folder = tmp_path / "c"
    save_checkpoint(folder, checkpoint(1))

    class KilledError(BaseException):
        pass

    real = getattr(checkpoints, call)
    for survived in range(6):
        calls = iter(range(100))

        def kill_later(*arguments: Path, calls: Iterator[int] = calls, survived: int = survived) -> object:
            if next(calls) == survived:
                raise KilledError
            return real(*arguments)

        monkeypatch.setattr(checkpoints, call, kill_later)
        with contextlib.suppress(KilledError):
            save_checkpoint(folder, Checkpoint(checkpoint(2).state, checkpoint(2).tensors, {"best": best}))
        monkeypatch.setattr(checkpoints, call, real)
        assert newest(folder) in (1, 2)
        assert all(find_damage(place) is None for place in list_checkpoints(folder))


def test_a_copied_run_is_read_too(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a", checkpoint(7))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert newest(tmp_path / "b") == 7
