"""ONNX Runtime on the CPU: what every prediction runs on. Imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from unmask.errors import BrokenDetector

INPUT, LOGITS, ACTIVATION_MAP = "input", "logits", "activation_map"
WEIGHTS_DIGEST = "unmask.weights_sha256"
"""The metadata key that names the weights which an ONNX file was made from."""


class OnnxRuntime:
    """One session over a `model.onnx` with input [N, 3, S, S] and output logits [N, 2].

    A second output, `activation_map` [N, h, w], is optional: what every cell of the last feature grid says
    or adds, in fake-minus-real logits.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Networks of this size gain nothing from a second thread; two pictures side by side do.
        options.intra_op_num_threads = threads or int(os.environ.get("UNMASK_THREADS", "1"))
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BrokenDetector(
                f"Could not load {path.name} of {path.parent}: not a whole ONNX model. Download or export it again."
            ) from error
        outputs = [output.name for output in self._session.get_outputs()]
        inputs = [value.name for value in self._session.get_inputs()]
        if inputs != [INPUT] or LOGITS not in outputs:
            raise BrokenDetector(
                f"{path.name} of {path.parent} has inputs {inputs} and outputs {outputs}, not {INPUT!r} and "
                f"{LOGITS!r}. Export it again with Unmask."
            )
        self.has_activation_map = ACTIVATION_MAP in outputs
        self.input_shape: list[int | str] = self._session.get_inputs()[0].shape
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._outputs = [LOGITS, ACTIVATION_MAP] if self.has_activation_map else [LOGITS]

    def run(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return logits [N, 2] and activation maps [N, h, w] (or None) of a float32 batch [N, 3, S, S]."""
        results = self._session.run(self._outputs, {INPUT: batch})
        return results[0], results[1] if self.has_activation_map else None
