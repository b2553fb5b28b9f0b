"""The runtime over a `model.onnx`: what a network says is numbers, two for each face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unmask.errors import BrokenDetector
from unmask.runtimes.onnx import OnnxRuntime

onnx = pytest.importorskip("onnx")


def write_network(path: Path, logits: list[float]) -> Path:
    """Write a network that says the same of every face: `logits`, whatever their number."""
    rows = onnx.helper.make_tensor("row", onnx.TensorProto.FLOAT, [1, len(logits)], logits)
    zeros = onnx.helper.make_tensor(
        "zero", onnx.TensorProto.FLOAT, [3 * 16 * 16, len(logits)], [0.0] * 768 * len(logits)
    )
    nodes = [
        onnx.helper.make_node("Flatten", ["input"], ["flat"]),
        onnx.helper.make_node("MatMul", ["flat", "zero"], ["nothing"]),
        onnx.helper.make_node("Add", ["nothing", "row"], ["logits"]),
    ]
    taken = onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, ["batch", 3, 16, 16])
    given = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", len(logits)])
    graph = onnx.helper.make_graph(nodes, "network", [taken], [given], [rows, zeros])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)
    return path


def test_logits_are_given_for_each_face(tmp_path):
    said = OnnxRuntime(write_network(tmp_path / "model.onnx", [1.0, -2.0])).run(np.zeros((3, 3, 16, 16), np.float32))
    assert said.logits.tolist() == [[1.0, -2.0]] * 3


@pytest.mark.parametrize(
    "logits",
    [
        [0.0, np.nan],  # weights that training blew up
        [np.inf, np.inf],  # the same
        [0.5],  # one output, of another kind of detector
        [0.1, 0.2, 0.3],  # three classes
    ],
)
def test_what_is_no_pair_of_numbers_is_a_broken_detector(tmp_path, logits):
    runtime = OnnxRuntime(write_network(tmp_path / "model.onnx", logits))
    with pytest.raises(BrokenDetector, match=r"model\.onnx of .* logits"):
        runtime.run(np.zeros((2, 3, 16, 16), np.float32))
