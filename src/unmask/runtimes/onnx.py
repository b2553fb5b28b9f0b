"""ONNX Runtime on the CPU: what every prediction runs on. Imports no torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unmask.errors import BrokenDetector

INPUT, LOGITS, ACTIVATION_MAP, NOVELTY = "input", "logits", "activation_map", "novelty"
WEIGHTS_DIGEST = "unmask.weights_sha256"
"""The metadata key that names the weights which an ONNX file was made from."""


class Outputs(NamedTuple):
    """What a network says of N faces: logits [N, 2], activation maps [N, h, w] and novelties [N], or None."""

    logits: np.ndarray
    activation_map: np.ndarray | None
    novelty: np.ndarray | None


class OnnxRuntime:
    """One session over a `model.onnx` with input [N, 3, S, S] and output logits [N, 2].

    Two outputs are optional: `activation_map` [N, h, w], what every cell of the last feature grid says or
    adds, in fake-minus-real logits, and `novelty` [N], how far a face is from those that the detector knows.
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
        self._file = path.name  # not its folder: the page tells strangers of what breaks while it runs
        outputs = [output.name for output in self._session.get_outputs()]
        inputs = [value.name for value in self._session.get_inputs()]
        if inputs != [INPUT] or LOGITS not in outputs:
            raise BrokenDetector(
                f"{path.name} of {path.parent} has inputs {inputs} and outputs {outputs}, not {INPUT!r} and "
                f"{LOGITS!r}. Export it again with Unmask."
            )
        self.has_activation_map, self.has_novelty = ACTIVATION_MAP in outputs, NOVELTY in outputs
        self.input_shape: list[int | str] = self._session.get_inputs()[0].shape
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._outputs = [name for name in (LOGITS, ACTIVATION_MAP, NOVELTY) if name in outputs]

    def run(self, batch: np.ndarray) -> Outputs:
        """Return what the network says of a float32 batch [N, 3, S, S].

        Raises:
            BrokenDetector: It gives no two finite logits for a face, as with weights that a training blew up.
        """
        results = dict(zip(self._outputs, self._session.run(self._outputs, {INPUT: batch}), strict=True))
        if results[LOGITS].shape != (len(batch), 2) or not np.isfinite(results[LOGITS]).all():
            raise BrokenDetector(
                f"{self._file} of this detector gives no two finite logits for a face, so it can judge none. Export "
                "or train it again."
            )
        return Outputs(results[LOGITS], results.get(ACTIVATION_MAP), results.get(NOVELTY))
