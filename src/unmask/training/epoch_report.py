"""What an epoch leaves behind: its line, the history and the curves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unmask.files import write_json
from unmask.training.curves import write_curves


def report_epoch(output: Path, history: list[dict[str, Any]], is_kept: bool) -> None:
    """Write history.json and curves.png of a run, and print its last epoch."""
    write_json(output / "history.json", history)
    write_curves(history, output / "curves.png")
    last = history[-1]
    each = " ".join(f"{name} {value:.3f}" for name, value in last["validation_auc_by_dataset"].items())
    print(
        f"epoch {last['epoch']}: train loss {last['train_loss']:.4f} accuracy {last['train_accuracy']:.4f}, "
        f"validation loss {last['validation_loss']:.4f} accuracy {last['validation_accuracy']:.4f} "
        f"AUC {last['validation_auc']:.4f} ({each}), {last['minutes']} min{' (kept)' if is_kept else ''}",
        flush=True,
    )
