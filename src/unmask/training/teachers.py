"""Teachers: detectors whose probabilities a run learns beside the labels (Hinton et al., 2015).

Several of them teach the mean of their logits, which is often right where each alone is wrong; a network that learns it
keeps a part of that at the price of one. They see each face as the student does, with the same augmentations: a
teacher that has learnt the training faces by heart still says something about a face that is changed anew each time
(Beyer et al., CVPR 2022). What a run names as `worsened` is left out of their view, so that the student learns to say
of a blurred face what they say of the sharp one (as a noisy student does; Xie et al., CVPR 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from unmask.detector_folder import read_config
from unmask.errors import TrainingError
from unmask.export import read_model
from unmask.hub import fetch_detector_folder
from unmask.schema import FAKE, REAL, InputSpec


class Teachers:
    """Detectors that judge a run's batches, each as it takes them: at its own size and normalisation."""

    def __init__(self, given: Sequence[str], spec: InputSpec, device: torch.device) -> None:
        """Read the detectors from folders or the Hub; `spec` is the student's input.

        Raises:
            TrainingError: one of them is no detector.
            BrokenDetector: one of them is damaged.
        """
        self._spec, self._device = spec, device
        self._members = [self._read(name) for name in given]

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the probability of fake of each face, float32 [N], for the student's input [N, 3, S, S]."""
        colours = pixels * self._spread(self._spec.std) + self._spread(self._spec.mean)
        logits = torch.stack([self._ask(model, spec, colours) for model, spec in self._members])
        return logits.mean(0).sigmoid()

    def _read(self, given: str) -> tuple[nn.Module, InputSpec]:
        folder = fetch_detector_folder(given)
        if folder is None:
            raise TrainingError(f"{given} is no detector, so it cannot teach. Name a detector's folder or Hub id.")
        model = read_model(folder).requires_grad_(False)
        return model.to(self._device, memory_format=torch.channels_last), read_config(folder).input_spec

    def _ask(self, model: nn.Module, spec: InputSpec, colours: torch.Tensor) -> torch.Tensor:
        """Return the logit of fake [N] of one teacher for pictures [N, 3, S, S] with values from 0 to 1."""
        if spec.size != colours.shape[-1]:
            side = (spec.size, spec.size)
            colours = functional.interpolate(colours, side, mode="bilinear", antialias=True, align_corners=False)
        batch = (colours - self._spread(spec.mean)) / self._spread(spec.std)
        logits = model(batch.contiguous(memory_format=torch.channels_last)).float()
        return logits[:, FAKE] - logits[:, REAL]

    def _spread(self, values: Sequence[float]) -> torch.Tensor:
        return torch.tensor(values, device=self._device).view(1, 3, 1, 1)
