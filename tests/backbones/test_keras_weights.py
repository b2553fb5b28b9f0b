"""Keras weights of MesoNet give the outputs that Keras gave; a file that is not them is refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need the train extra")
h5py = pytest.importorskip("h5py", reason="Keras files need the train extra")

from PIL import Image  # noqa: E402

from unmask.backbones.keras_weights import read_keras_layers, read_meso_network  # noqa: E402
from unmask.errors import BrokenDetector  # noqa: E402
from unmask.preprocessing import prepare_crop  # noqa: E402
from unmask.schema import InputSpec  # noqa: E402

SPEC = InputSpec(256, "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
INCEPTIONS = [(1, 4, 4, 2), (2, 4, 4, 2)]

# --- the oracle: Keras' operations in numpy, pictures [N, H, W, C], written from the authors' classifiers.py ---


def conv(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, dilation: int = 1) -> np.ndarray:
    """Return a 'same' convolution of stride 1, with ReLU."""
    height, width = x.shape[1:3]
    reach = dilation * (kernel.shape[0] // 2)
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    total = np.zeros((*x.shape[:3], kernel.shape[3])) + bias
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            top, left = row * dilation, column * dilation
            total += padded[:, top : top + height, left : left + width] @ kernel[row, column]
    return np.maximum(total, 0)


def norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def pool(x: np.ndarray, side: int) -> np.ndarray:
    count, height, width, channels = x.shape
    return x.reshape(count, height // side, side, width // side, side, channels).max(axis=(2, 4))


def inception(x: np.ndarray, convs: list[list[np.ndarray]]) -> np.ndarray:
    """Return the four branches one after the other; `convs` in the order in which Keras made them."""
    first, *rest = convs
    branches = [conv(x, *first)]
    for dilation, (narrow, wide) in enumerate(zip(rest[::2], rest[1::2], strict=True), start=1):
        branches.append(conv(conv(x, *narrow), *wide, dilation=dilation))
    return np.concatenate(branches, axis=-1)


def keras_forward(path: Path, x: np.ndarray) -> np.ndarray:
    """Return the probability of a real face, as MesoNet's Keras model gives it; x is [N, 256, 256, 3] in [0, 1]."""
    with h5py.File(path) as file:
        order = {name: group.attrs["weight_names"] for name, group in file.items()}
        layers = {name: [file[name][weight][()] for weight in names] for name, names in order.items() if len(names)}
    by_number = sorted(layers, key=lambda name: int(name.rsplit("_", 1)[1]))
    convs = [layers[name] for name in by_number if name.startswith("conv2d")]
    norms = [layers[name] for name in by_number if name.startswith("batch")]
    dense = [layers[name] for name in by_number if name.startswith("dense")]
    for block, side in enumerate((2, 2, 2, 4)):
        if len(convs) > 4 - block:
            x, convs = inception(x, convs[:7]), convs[7:]
        else:
            x, convs = conv(x, *convs[0]), convs[1:]
        x = pool(norm(x, *norms[block]), side)
    x = x.reshape(len(x), -1) @ dense[0][0] + dense[0][1]
    x = np.where(x > 0, x, 0.1 * x) @ dense[1][0] + dense[1][1]
    return 1 / (1 + np.exp(-x[:, 0]))


# --- files ---


def write_keras_file(path: Path, layers: list[tuple[str, list[np.ndarray]]]) -> Path:
    """Write layers as Keras 2 does; batch norms and the rest by their number of arrays."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name for name, _ in layers], "S")
        for name, arrays in layers:
            weights = ("gamma", "beta", "moving_mean", "moving_variance") if len(arrays) == 4 else ("kernel", "bias")
            group = file.create_group(name)
            names = [f"{name}/{weight}:0" for weight in weights][: len(arrays)]
            group.attrs["weight_names"] = np.array(names, "S")
            for each, array in zip(names, arrays, strict=True):
                group[each] = array.astype(np.float32)
    return path


def drawn_mesoinception(path: Path) -> Path:
    """Write MesoInception4 weights drawn at random, its layers in the order of Keras' file: by depth, not making."""
    draw = np.random.default_rng(0)
    convs: list[tuple[int, int, int]] = []
    before = 3
    for a, b, c, d in INCEPTIONS:
        convs += [(1, before, a), *((side, *ends) for w in (b, c, d) for side, ends in ((1, (before, w)), (3, (w, w))))]
        before = a + b + c + d
    convs += [(5, before, 16), (5, 16, 16)]
    layers: list[tuple[str, list[np.ndarray]]] = [("input_1", [])]
    for index, (side, into, out) in enumerate(convs, start=3):
        kernel = draw.normal(0, 1.5 / np.sqrt(side * side * into), (side, side, into, out))
        layers.append((f"conv2d_{index}", [kernel, draw.normal(0, 0.1, out)]))
    for index, width in enumerate((11, 12, 16, 16), start=1):
        arrays = [draw.uniform(0.5, 1.5, width), draw.normal(0, 0.2, width), draw.normal(0.2, 0.2, width)]
        layers.append((f"batch_normalization_{index}", [*arrays, draw.uniform(0.1, 1, width)]))
    layers.append(("dense_1", [draw.normal(0, 0.01, (1024, 16)), draw.normal(0, 0.1, 16)]))
    layers.append(("dense_2", [draw.normal(0, 0.3, (16, 1)), draw.normal(0, 0.1, 1)]))
    mixed = [layers[0], *(layers[1 + int(index)] for index in draw.permutation(len(layers) - 1))]
    return write_keras_file(path, mixed)


def faces(shared: Path) -> list[np.ndarray]:
    """Real and forged faces of two sources."""
    paths = sorted((shared / "data/ffpp-c23-deepfakes/test/real").glob("*.jpg"))[::300]
    paths += sorted((shared / "data/ffpp-c23-deepfakes/test/fake").glob("*.jpg"))[::300]
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def compare(path: Path, crops: list[np.ndarray], name: str) -> np.ndarray:
    """Return our fake probabilities, after checking them against 1 - the oracle's real probability."""
    batch = np.stack([prepare_crop(crop, SPEC) for crop in crops])
    architecture, model = read_meso_network(path)
    assert architecture == name
    with torch.no_grad():
        ours = model(torch.from_numpy(batch)).softmax(dim=1)[:, 1].numpy()
    theirs = keras_forward(path, batch.transpose(0, 2, 3, 1).astype(np.float64))
    assert abs(ours - (1 - theirs)).max() < 1e-4
    return ours


@pytest.mark.parametrize("name", ["Meso4_DF", "Meso4_F2F"])
def test_published_meso4_weights_give_keras_outputs_on_real_faces(name: str, shared: Path) -> None:
    ours = compare(shared / f"pretrained/mesonet/{name}.h5", faces(shared), "meso4")
    assert ours.std() > 0.01, "the faces differ"


def test_mesoinception4_gives_keras_outputs(tmp_path: Path, drawn_face: np.ndarray) -> None:
    path = drawn_mesoinception(tmp_path / "MesoInception.h5")
    ours = compare(path, [drawn_face, drawn_face[::-1, ::-1] // 2], "mesoinception4")
    assert abs(ours[0] - ours[1]) > 1e-3


def test_a_whole_saved_model_is_read_too(tmp_path: Path) -> None:
    plain = drawn_mesoinception(tmp_path / "weights.h5")
    with h5py.File(plain) as source, h5py.File(tmp_path / "model.h5", "w") as target:
        source.copy("/", target, "model_weights")
    assert len(read_keras_layers(tmp_path / "model.h5")) == len(read_keras_layers(plain)) == 22


# --- what is refused ---


def drop(file: Any) -> None:
    del file["dense_2"]


def rename(file: Any) -> None:
    file.move("dense_2", "magic_2")
    file.attrs["layer_names"] = [name.replace(b"dense_2", b"magic_2") for name in file.attrs["layer_names"]]


def replace(array: np.ndarray, **how: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["dense_2/dense_2/kernel:0"]
        file["dense_2/dense_2"].create_dataset("kernel:0", data=array, **how)

    return change


def link(target: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file["dense_2/dense_2/kernel:0"]
        file["dense_2/dense_2/kernel:0"] = target

    return change


def forget_layer(file: Any) -> None:
    file.attrs["layer_names"] = [name for name in file.attrs["layer_names"] if name != b"dense_2"]


KERNEL = np.zeros((16, 1), np.float32)
REFUSED = [
    (drop, "no group 'dense_2' of its own"),  # a layer is listed and not there
    (rename, "the layer 'magic_2'"),  # a layer of another network
    (forget_layer, "1 layers dense, mesoinception4 has 2"),  # too few
    (replace(np.zeros((17, 1), np.float32)), "dense_2 with a weight of (1, 17), not (1, 16)"),  # another shape
    (replace(KERNEL.astype(np.int64)), "no small plain float32 array"),  # another type
    (replace(KERNEL, chunks=True, compression="gzip"), "no small plain float32 array"),  # could be a bomb
    (replace(np.zeros((1025, 1024), np.float32)), "no small plain float32 array"),  # too large
    (replace(KERNEL + np.nan), "values that no weights have"),  # damaged in training
    (link(h5py.SoftLink("/dense_1/dense_1/bias:0")), "of its own"),  # a link inside the file
    (link(h5py.ExternalLink("elsewhere.h5", "/x")), "of its own"),  # a link to another file
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_mesoinception(tmp_path_factory.mktemp("keras") / "whole.h5")


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_another_file_is_refused_in_one_line(
    change: Callable[[Any], None], said: str, whole: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(whole, tmp_path / "changed.h5"))
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(BrokenDetector) as caught:
        read_meso_network(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_file_of_another_kind_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    with pytest.raises(BrokenDetector, match="no whole Keras weight file"):
        read_meso_network(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_truncated_file_is_refused(share: float, whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with pytest.raises(BrokenDetector):
        read_meso_network(path)


def test_a_large_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.h5"
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(BrokenDetector, match="more than 16 MiB"):
        read_meso_network(path)
