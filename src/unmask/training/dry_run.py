"""A look at a run without running it: counts, a batch as a picture, the network's size, and what it will take."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from unmask.files import write_whole
from unmask.schema import LABEL_NAMES, InputSpec
from unmask.training.estimate import Estimate
from unmask.training.run_data import RunData
from unmask.training.steps import COLOURS

BATCH_PICTURE = "batch.png"
MOST_SHOWN, COLUMNS = 48, 8
BORDER = 4
FRAMES = {0: (0, 114, 178), 1: (213, 94, 0)}  # blue and vermilion, told apart by colour-blind readers, too


def count_faces(data: RunData) -> str:
    """Return a table of the faces of each data set, side and class."""
    counts = {
        side: Counter(zip(part.dataset_names, part.labels.tolist(), strict=True))
        for side, part in (("training", data.train), ("validation", data.validation))
    }
    width = max(len("data set"), *(len(name) for name in data.names))
    lines = [f"{'data set':{width}}  {'side':10} " + " ".join(f"{name:>8}" for name in LABEL_NAMES)]
    for name in data.names:
        for side, of_side in counts.items():
            numbers = " ".join(f"{of_side[(name, label)]:8}" for label in range(len(LABEL_NAMES)))
            lines.append(f"{name:{width}}  {side:10} {numbers}")
    lines += [f"left out: {count} {reason}" for reason, count in data.left_out.items()]
    return "\n".join(lines)


def describe_network(backbone: str, size: int, measured: Estimate) -> str:
    """Return a line on the network's parameters and arithmetic."""
    return (
        f"{backbone} at {size} px: {measured.parameters / 1e6:.2f} million parameters, "
        f"{measured.trained / 1e6:.2f} million of them trained, {measured.flops / 1e9:.2f} GFLOPs per face forward"
    )


def write_batch_picture(batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor], spec: InputSpec, path: Path) -> None:
    """Write the first faces of a batch as the network gets them, as a PNG; blue frames are real, red ones fake."""
    pixels, labels = batch[0][:MOST_SHOWN, :COLOURS], batch[1][:MOST_SHOWN].tolist()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    faces = ((pixels.float() * std + mean).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    cell = spec.size + 2 * BORDER
    rows = -(-len(faces) // COLUMNS)
    sheet = Image.new("RGB", (cell * min(COLUMNS, len(faces)), cell * rows), "white")
    for number, (face, label) in enumerate(zip(faces, labels, strict=True)):
        left, top = cell * (number % COLUMNS), cell * (number // COLUMNS)
        sheet.paste(FRAMES[label], (left, top, left + cell, top + cell))
        sheet.paste(Image.fromarray(np.ascontiguousarray(face)), (left + BORDER, top + BORDER))
        ImageDraw.Draw(sheet).text(
            (left + BORDER + 3, top + BORDER + 2), LABEL_NAMES[label], "white", stroke_width=1, stroke_fill="black"
        )
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    write_whole(path, buffer.getvalue())
