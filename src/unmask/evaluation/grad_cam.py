"""Grad-CAM maps of vision transformers, whose ONNX file has no activation map.

Most of their heads read one token that has gathered from all patches: what a single patch says to the head is not
defined, so only the gradient tells (Selvaraju et al., "Grad-CAM", ICCV 2017). It needs torch, and so serves reports,
never the predict path.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unmask.errors import MetricError
from unmask.preprocessing import normalise

if TYPE_CHECKING:
    import torch

    from unmask.evaluation.judged_faces import JudgedFace


class GradCam:
    """The maps of one detector's network, as `measure_deletion` takes them.

    Example:
        >>> measure_deletion(detector, samples, "faces", maps=GradCam(folder))  # doctest: +SKIP
    """

    name = "Grad-CAM"

    def __init__(self, folder: Path) -> None:
        """Read the network of a detector folder strictly.

        Raises:
            BrokenDetector: the folder's weights are not those of its config.
            MetricError: the grad-cam package is missing, or the network is no transformer of patches.
        """
        from unmask.detector_folder import read_config
        from unmask.export import read_model

        try:
            from pytorch_grad_cam import GradCAM
        except ImportError:
            raise MetricError("Grad-CAM needs the package grad-cam. Install it: pip install 'unmask[train]'.") from None
        self._spec, model = read_config(folder).input_spec, read_model(folder)
        layer = _last_norm(model)
        if layer is None:
            raise MetricError(f"The network of {folder} is no vision transformer with blocks.")
        self._prefix = int(getattr(model, "num_prefix_tokens", 0))
        self._cells = 0
        self._cam = GradCAM(model, [layer], reshape_transform=self._to_grid)

    def __call__(self, face: JudgedFace, decided: int) -> np.ndarray:
        """Return how much each patch said for the decided label, float32 [h, w] in [0, 1]."""
        import torch
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        batch = torch.from_numpy(normalise(face.pixels, self._spec))[None]
        at_pixels: np.ndarray = self._cam(batch, targets=[ClassifierOutputTarget(decided)])[0]
        cells, side = self._cells, len(at_pixels) // self._cells
        return at_pixels[: cells * side, : cells * side].reshape(cells, side, cells, side).mean(axis=(1, 3))

    def _to_grid(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the patches' tokens [N, T, C] as a grid [N, C, h, w], as the package wants them."""
        patches = tokens[:, self._prefix :]
        self._cells = math.isqrt(patches.shape[1])
        return patches.unflatten(1, (self._cells, self._cells)).permute(0, 3, 1, 2)


def _last_norm(model: torch.nn.Module) -> torch.nn.Module | None:
    """Return the last layer whose patches still reach the class token: the norm before the last attention."""
    blocks = getattr(model, "blocks", None)
    if blocks is None or not hasattr(model, "patch_embed") or not hasattr(blocks[-1], "attn"):
        return None
    return getattr(blocks[-1], "norm1", None)
