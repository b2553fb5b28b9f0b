"""What bfloat16 is worth to a training step on a CPU, and what a few convolutions kept in float32 do for it.

    python benchmarks/half_precision.py efficientnet_lite0 mobilenetv2_100 resnet18

A step of each network, forward and back on one thread, on faces that are ready, three ways in turns so that a busy
machine harms all alike:

- `float32`: as it is.
- `all`: everything that autocast takes in bfloat16.
- `kept`: the same, but for the convolutions that `unmask.training.half_precision` keeps in float32.

The figures are the medians of the rounds; the ratios to float32 are what is compared. A CPU that
knows no bfloat16 (`lscpu` lists `amx_bf16` or `avx512_bf16` where it does) wins nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import timm
import torch
from torch import nn

from unmask.training.half_precision import keep_in_float32
from unmask.training.memory import keep_freed_memory

WARM_UP = 2


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["efficientnet_lite0", "mobilenetv2_100"])
    parser.add_argument("--size", type=int, default=224, help="side of the input in pixels")
    parser.add_argument("--batch-size", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    keep_freed_memory()
    torch.set_num_threads(1)
    print("faces/s (ratio to float32), medians of", options.rounds, "rounds")
    for name in options.networks:
        rates = measure(name, options)
        parts = [f"{way} {rate:.1f} ({rate / rates['float32']:.2f})" for way, rate in rates.items()]
        print(f"{name}, {options.size} px, batch {options.batch_size}: {', '.join(parts)}", flush=True)
    return 0


def measure(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Return the faces a second of each way, by name."""
    plain, kept = (make(name) for _ in range(2))
    keep_in_float32(kept)
    ways = {"float32": (plain, False), "all": (plain, True), "kept": (kept, True)}
    faces = torch.randn(options.batch_size, 3, options.size, options.size).contiguous(memory_format=torch.channels_last)
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(WARM_UP + options.rounds):
        for way, (model, half) in ways.items():
            started = time.perf_counter()
            step(model, faces, half)
            if number >= WARM_UP:
                rates[way].append(len(faces) / (time.perf_counter() - started))
    return {way: statistics.median(values) for way, values in rates.items()}


def make(name: str) -> nn.Module:
    """Return an untrained network as training lays it out."""
    model: nn.Module = timm.create_model(name, num_classes=2)
    return model.to(memory_format=torch.channels_last).train()


def step(model: nn.Module, faces: torch.Tensor, half: bool) -> None:
    """Go forward and back once."""
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = nn.functional.cross_entropy(model(faces).float(), torch.zeros(len(faces), dtype=torch.long))
    loss.backward()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
