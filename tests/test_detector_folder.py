"""A detector folder is read strictly: whatever is wrong is one line that names the file and the mend."""

from __future__ import annotations

import json
import shutil
import struct
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unmask.detector import Detector
from unmask.detector_folder import CONFIG, ONNX, WEIGHTS, check_folder, read_config, read_tensor_shapes, settings_json
from unmask.errors import BrokenDetector, DetectorError, DetectorNotFound
from unmask.schema import Limits

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(tiny_detector: Path, tmp_path: Path) -> Path:
    """A copy of the tiny detector that a test may break."""
    return Path(shutil.copytree(tiny_detector, tmp_path / "detector"))


@pytest.fixture
def whole_files(tiny_detector: Path) -> dict[str, bytes]:
    """What the tiny detector's files hold, read before a test gives up its rights."""
    return {path.name: path.read_bytes() for path in tiny_detector.iterdir()}


def change_config(folder: Path, change: Change) -> None:
    config = json.loads((folder / CONFIG).read_text())
    change(config)
    (folder / CONFIG).write_text(json.dumps(config))


def failure(folder: Path) -> str:
    """Return the line with which the folder is refused."""
    with pytest.raises(DetectorError) as caught:
        Detector(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert str(folder.name) in line
    assert line.endswith(".")
    return line


def test_a_whole_folder_is_read(tiny_detector: Path) -> None:
    config = check_folder(tiny_detector)
    assert config.architecture == "test_resnet"
    assert (config.input_spec.size, config.input_spec.interpolation) == (96, "bicubic")
    assert config.settings.name == "tiny"
    assert config.settings.trained_on == ()


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix permissions")
@pytest.mark.parametrize(
    ("closed", "mode"),
    [
        (".", 0),  # it may not be entered
        (".", 0o300),  # it may not be listed
        (WEIGHTS, 0),  # one file may not be read
    ],
)
def test_a_folder_that_may_not_be_read_is_one_line(
    whole_files: dict[str, bytes], strangers_folder: Path, closed: str, mode: int
) -> None:
    folder = strangers_folder / "detector"
    folder.mkdir()
    for name, content in whole_files.items():
        (folder / name).write_bytes(content)
    (folder / closed).chmod(mode)
    assert "Permission denied" in failure(folder)


def test_what_may_be_absent_has_its_old_meaning(folder: Path) -> None:
    settings = read_config(folder).settings
    assert (settings.mirrored, settings.error_rate, settings.novelty_limit) == (False, None, None)
    assert settings.video_pooling == "mean"
    change_config(folder, lambda c: c["unmask"].pop("limits"))
    assert read_config(folder).settings.limits == Limits()
    others = {"mirrored": True, "error_rate": 0.1, "novelty_limit": 3.5, "limits": asdict(Limits(smallest_face=64))}
    change_config(folder, lambda c: c["unmask"].update(others))
    settings = read_config(folder).settings
    assert (settings.mirrored, settings.error_rate, settings.novelty_limit) == (True, 0.1, 3.5)
    assert settings.limits == Limits(smallest_face=64)
    assert settings_json(settings) == json.loads((folder / CONFIG).read_text())["unmask"]


def every_key() -> list[tuple[str, ...]]:
    """Return the path of every key that a config must have."""
    top = ["architecture", "num_classes", "num_features", "global_pool", "label_names", "pretrained_cfg", "unmask"]
    input_keys = ["input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std"]
    own = ["format_version", "name", "crop_margin", "temperature", "real_threshold", "fake_threshold"]
    own += ["pooling", "trained_on", "calibrated_on", "license"]
    return [(key,) for key in top] + [("pretrained_cfg", k) for k in input_keys] + [("unmask", k) for k in own]


@pytest.mark.parametrize("keys", every_key(), ids=".".join)
def test_a_missing_key_is_named(keys: tuple[str, ...], folder: Path) -> None:
    def take_out(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        del config[keys[-1]]

    change_config(folder, take_out)
    line = failure(folder)
    assert CONFIG in line
    assert keys[-1] in line


@pytest.mark.parametrize("keys", every_key(), ids=".".join)
@pytest.mark.parametrize("value", [None, "nonsense", -7, [], {}, True], ids=repr)
def test_a_value_of_the_wrong_kind_is_refused_or_harmless(keys: tuple[str, ...], value: Any, folder: Path) -> None:
    def replace(config: dict[str, Any]) -> None:
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    change_config(folder, replace)
    try:
        read_config(folder)
    except BrokenDetector:
        assert CONFIG in failure(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(extra=1), "extra"),  # a key that nobody knows
        (lambda c: c["unmask"].update(crop_margins=0.3), "crop_margins"),  # one of ours, misspelt
        (lambda c: c["pretrained_cfg"].update(meen=[0, 0, 0]), "meen"),  # one of timm's, misspelt
        (lambda c: c.update(label_names=["fake", "real"]), "in that order"),  # what the alphabet gives
        (lambda c: c.update(label_names=["real", "fake", "other"]), "in that order"),  # three labels
        (lambda c: c.update(label_names=None), "in that order"),  # no labels
        (lambda c: c.update(num_classes=1000), "1000 classes"),  # ImageNet's head
        (lambda c: c["pretrained_cfg"].update(num_classes=1000), "num_classes"),  # two that contradict
        (lambda c: c.update(model_args={"num_classes": 2}), "model_args"),  # what transformers refuses
        (lambda c: c.update(model_args={"checkpoint_path": "x.pth"}), "model_args"),  # would load another file
        (lambda c: c.update(model_args=5), "model_args"),  # arguments that are none
        (lambda c: c.update(architecture=""), "architecture"),  # a network without a name
        (lambda c: c.update(pretrained_cfg=[]), "pretrained_cfg"),  # a list in place of an object
        (lambda c: c.update(unmask=None), "unmask"),  # timm's config without our key's content
        (lambda c: c["pretrained_cfg"].update(input_size=[3, 96, 128]), "input_size"),  # not square
        (lambda c: c["pretrained_cfg"].update(input_size=[1, 96, 96]), "input_size"),  # grey
        (lambda c: c["pretrained_cfg"].update(input_size=[3, 96]), "input_size"),  # two numbers
        (lambda c: c["pretrained_cfg"].update(input_size=[3, 99999, 99999]), "input_size"),  # absurd
        (lambda c: c["pretrained_cfg"].update(input_size=[3, 128, 128]), "128"),  # not that of the network
        (lambda c: c["pretrained_cfg"].update(interpolation="lanczos"), "interpolation"),  # a filter we lack
        (lambda c: c["pretrained_cfg"].update(crop_pct=0.875), "crop_pct"),  # ImageNet's centre crop
        (lambda c: c["pretrained_cfg"].update(crop_mode="squash"), "crop_mode"),  # another geometry
        (lambda c: c["pretrained_cfg"].update(mean=[0.5, 0.5]), "mean"),  # two channels
        (lambda c: c["pretrained_cfg"].update(mean=[0.5, "x", 0.5]), "mean"),  # no number
        (lambda c: c["pretrained_cfg"].update(std=[0.5, 0.0, 0.5]), "std"),  # a division by zero
        (lambda c: c["unmask"].update(format_version=2), "format_version"),  # a later Unmask's
        (lambda c: c["unmask"].update(crop_margin=-0.1), "crop_margin"),  # cuts into the face
        (lambda c: c["unmask"].update(crop_margin="0.1"), "crop_margin"),  # a number as text
        (lambda c: c["unmask"].update(crop_margin=float("nan")), "crop_margin"),  # not a number at all
        (lambda c: c["unmask"].update(temperature=0), "temperature"),  # a division by zero
        (lambda c: c["unmask"].update(temperature=True), "temperature"),  # a truth value
        (lambda c: c["unmask"].update(real_threshold=0.7), "fake_threshold"),  # above the fake one, 0.6
        (lambda c: c["unmask"].update(fake_threshold=1.5), "fake_threshold"),  # no probability
        (lambda c: c["unmask"].update(pooling="mean"), "pooling"),  # a rule that we lack
        (lambda c: c["unmask"].update(video_pooling="max"), "video_pooling"),  # a rule for clips that we lack
        (lambda c: c["unmask"].update(trained_on=None), "trained_on"),  # no list
        (lambda c: c["unmask"].update(name=["a"]), "name"),  # no text
        (lambda c: c["unmask"].update(mirrored=1), "mirrored"),  # a number for a truth value
        (lambda c: c["unmask"].update(error_rate=0), "error_rate"),  # a promise that nobody keeps
        (lambda c: c["unmask"].update(error_rate=None), "error_rate"),  # absent is not null
        (lambda c: c["unmask"].update(novelty_limit="far"), "novelty_limit"),  # a distance as text
        (lambda c: c["unmask"].update(limits=[48]), "unmask.limits"),  # no object
        (lambda c: c["unmask"].update(limits={"tallest_face": 9}), "unmask.limits.tallest_face"),  # none of ours
        (lambda c: c["unmask"].update(limits={"smallest_face": 48.5}), "unmask.limits.smallest_face"),  # half a pixel
        (lambda c: c["unmask"].update(limits={"least_jpeg_quality": 101}), "unmask.limits.least_jpeg_quality"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(change: Change, said: str, folder: Path) -> None:
    change_config(folder, change)
    line = failure(folder)
    assert CONFIG in line
    assert said in line


@pytest.mark.parametrize(
    "content",
    [
        b"",  # nothing
        b"{",  # cut short
        b"[]",  # a list
        b"\xff\xfe{}",  # not UTF-8
        b"[" * 100_000,  # nested deeper than a reader goes
        b" " * (2 << 20),  # larger than any config
    ],
    ids=["empty", "cut", "list", "encoding", "nested", "large"],
)
def test_a_config_that_is_no_json_object_is_refused(content: bytes, folder: Path) -> None:
    (folder / CONFIG).write_bytes(content)
    assert CONFIG in failure(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "best.pt", "last.PTH", "state.pkl", "run.ckpt"])
def test_a_pickle_beside_the_weights_is_refused(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"\x80\x04.")
    line = failure(folder)
    assert name in line
    assert "Delete it" in line


def test_no_folder_and_a_folder_without_a_detector_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(DetectorNotFound, match="nowhere"):
        check_folder(tmp_path / "nowhere")
    with pytest.raises(DetectorNotFound, match=r"holds no config\.json"):
        check_folder(tmp_path)


def test_a_folder_without_its_network_is_refused(folder: Path) -> None:
    (folder / ONNX).unlink()
    assert f"lacks {ONNX}" in failure(folder)


def test_weights_may_be_left_out_where_only_predictions_are_made(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    assert Detector(folder).settings.name == "tiny"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_weights_cut_anywhere_are_refused(data: st.DataObject, tiny_detector: Path, tmp_path: Path) -> None:
    whole = (tiny_detector / WEIGHTS).read_bytes()
    header = struct.unpack("<Q", whole[:8])[0]
    # Half of the cuts fall into the header, which is a thousandth of the file.
    cut = data.draw(st.integers(0, header + 16) | st.integers(0, len(whole) - 1))
    path = tmp_path / WEIGHTS
    path.write_bytes(whole[:cut])
    with pytest.raises(BrokenDetector, match=r"model\.safetensors is not a whole"):
        read_tensor_shapes(path)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.binary(max_size=80) | st.text('{}[]":,0123456789-adefhopst_F', max_size=80).map(str.encode))
def test_a_header_of_any_bytes_is_read_or_refused(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / WEIGHTS
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    try:
        shapes = read_tensor_shapes(path)
    except BrokenDetector:
        return
    assert isinstance(shapes, dict)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},  # fewer bytes than the shape needs
        {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]},  # a type that there is not
        {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]},  # a negative side
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},  # bytes beyond the end
        {"dtype": "F32", "shape": [1]},  # no place
        [1, 2],  # no entry at all
    ],
)
def test_a_tensor_that_cannot_be_in_the_file_is_refused(entry: Any, tmp_path: Path) -> None:
    header = json.dumps({"weight": entry}).encode()
    path = tmp_path / WEIGHTS
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")
    with pytest.raises(BrokenDetector):
        read_tensor_shapes(path)


def test_shapes_are_those_that_safetensors_reads(tiny_detector: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    tensors = safetensors.load_file(tiny_detector / WEIGHTS)
    assert read_tensor_shapes(tiny_detector / WEIGHTS) == {name: t.shape for name, t in tensors.items()}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_network_cut_short_is_refused(share: float, folder: Path) -> None:
    whole = (folder / ONNX).read_bytes()
    (folder / ONNX).write_bytes(whole[: int(len(whole) * share)])
    assert ONNX in failure(folder)


def test_weights_and_network_of_two_detectors_are_refused(folder: Path) -> None:
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (folder / WEIGHTS).write_bytes(weights)
    line = failure(folder)
    assert ONNX in line
    assert WEIGHTS in line
