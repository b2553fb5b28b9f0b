"""How near training comes to the speed of its step, and how it compares with a plain folder loader.

    python benchmarks/training.py --data faces            # faces/real and faces/fake, or any layout
    python benchmarks/training.py --data faces --processes 2

Three loops train one network on the same pictures, in turns so that a busy machine harms all alike:

- `ready`: the step alone, on tensors that are ready. Nothing can be faster.
- `ours`: FacesDataset with the run's crops and augmentations in loader processes, and the same step.
- `folder`: torchvision's ImageFolder with its resize and flip in a plain DataLoader, and the same network,
  loss and optimizer as tutorials write them: channels first, memory handed back.

The figures are the medians of the rounds; the ratios are what is compared. `--profile` says where a picture's
time goes.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STEPS_TO_WARM_UP = 3
MODES = ("ready", "ours", "folder")


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    options = read_options(arguments)
    if options.mode:
        print(measure(options))
        return 0
    rates: dict[str, list[float]] = {mode: [] for mode in MODES}
    for number in range(options.rounds):
        for mode in MODES:
            rates[mode].append(measure_apart(mode, options))
            print(f"round {number + 1}: {mode:7} {rates[mode][-1]:7.1f} faces/s", flush=True)
    median = {mode: statistics.median(values) for mode, values in rates.items()}
    print(f"\n{options.backbone}, {options.size} px, batch {options.batch_size}, {options.processes} process(es)")
    for mode in MODES:
        print(f"{mode:7} {median[mode]:7.1f} faces/s ({min(rates[mode]):.1f} to {max(rates[mode]):.1f})")
    print(f"ours / ready  {median['ours'] / median['ready']:.2f}")
    print(f"ours / folder {median['ours'] / median['folder']:.2f}")
    return 0


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="a folder of real and fake faces")
    parser.add_argument("--backbone", default="mobilenetv2_100")
    parser.add_argument("--size", type=int, default=128, help="side of the input in pixels")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1, help="loading processes per training process")
    parser.add_argument("--processes", type=int, default=1, help="training processes side by side, each on its own")
    parser.add_argument("--threads", type=int, default=0, help="torch threads per process, 0 for cores / processes")
    parser.add_argument("--seconds", type=float, default=20, help="of each measurement, after the warm-up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=2000, help="pictures taken from the folder")
    parser.add_argument("--profile", action="store_true", help="time the parts of loading one picture")
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def measure_apart(mode: str, options: argparse.Namespace) -> float:
    """Return the faces a second of all processes; each is started anew, as memory settings last for a process."""
    threads = options.threads or max(1, (os.cpu_count() or 1) // options.processes)
    flags = [
        f"--{key.replace('_', '-')}={value}" for key, value in vars(options).items() if key not in ("mode", "profile")
    ]
    profile = ["--profile"] if options.profile and mode == "ours" else []
    command = [sys.executable, __file__, *flags, *profile, f"--mode={mode}"]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(options.processes)
    ]
    printed = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit(f"the {mode} loop failed")
    for line in printed[0].splitlines()[:-1]:
        print(f"  {line}")
    return sum(float(text.splitlines()[-1]) for text in printed)


def measure(options: argparse.Namespace) -> float:
    """Return the faces a second of one loop in this process."""
    import torch

    torch.manual_seed(0)
    batches = {"ready": ready_batches, "ours": our_batches, "folder": folder_batches}[options.mode](options)
    step = plain_step(options) if options.mode == "folder" else our_step(options)
    for _ in range(STEPS_TO_WARM_UP):
        step(next(batches))
    started, faces = time.perf_counter(), 0
    while time.perf_counter() - started < options.seconds:
        batch = next(batches)
        step(batch)
        faces += len(batch[1])
    return faces / (time.perf_counter() - started)


def our_step(options: argparse.Namespace) -> Callable[[Any], Any]:
    """Return the step of a training run."""
    from unmask.schema import InputSpec
    from unmask.training.network import make_network
    from unmask.training.processes import start_accelerator
    from unmask.training.steps import Stepper

    config = run_config(options)
    accelerator = start_accelerator(config)
    spec = InputSpec(options.size, "bicubic", (0.5,) * 3, (0.5,) * 3)
    stepper = Stepper(accelerator, config, make_network(config), spec, steps=10_000)
    stepper.start_epoch(0)
    return lambda batch: stepper.step([batch])


def plain_step(options: argparse.Namespace) -> Callable[[Any], Any]:
    """Return the step as a tutorial writes it."""
    import timm
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = timm.create_model(options.backbone, num_classes=2).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step(batch: Any) -> None:
        loss = torch.nn.functional.cross_entropy(model(batch[0].to(device)), batch[1].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def ready_batches(options: argparse.Namespace) -> Iterator[Any]:
    """Yield one random batch again and again."""
    import torch

    labels = torch.arange(options.batch_size) % 2
    batch = (torch.randn(options.batch_size, 3, options.size, options.size), labels, labels)
    return itertools.repeat(batch)


def our_batches(options: argparse.Namespace) -> Iterator[Any]:
    """Yield the batches of a run's loader, epoch after epoch."""
    from unmask.hub import fetch_face_model
    from unmask.schema import InputSpec
    from unmask.training.batches import training_loader
    from unmask.training.run_data import read_run_data

    config = run_config(options)
    spec = InputSpec(options.size, "bicubic", (0.5,) * 3, (0.5,) * 3)
    data = read_run_data(config, spec, fetch_face_model())
    if options.profile:
        print_profile(data.train)
    loader, plan = training_loader(data.train, config, 0, 1)
    for epoch in itertools.count():
        plan.start(epoch)
        yield from loader


def folder_batches(options: argparse.Namespace) -> Iterator[Any]:
    """Yield the batches of torchvision's ImageFolder on links to the same pictures."""
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    from unmask.data.layouts import read_samples

    samples = read_samples(Path(options.data), None)
    taken = samples[:: max(1, len(samples) // options.limit)]
    root = Path(tempfile.mkdtemp(prefix="unmask-benchmark-"))
    for number, sample in enumerate(taken):
        place = root / ("fake" if sample.label else "real") / f"{number}{Path(sample.path).suffix.lower()}"
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(Path(sample.path).resolve())
    steps = [transforms.Resize((options.size, options.size)), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    dataset = ImageFolder(str(root), transforms.Compose([*steps, transforms.Normalize([0.5] * 3, [0.5] * 3)]))
    loader = DataLoader(dataset, options.batch_size, shuffle=True, num_workers=options.workers, drop_last=True)
    while True:
        yield from loader


def print_profile(dataset: Any) -> None:
    """Print where the time of loading a face goes, function by function."""
    import cProfile
    import io
    import pstats

    profile = cProfile.Profile()
    with profile:
        for index in range(200):
            dataset[index % len(dataset)]
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(12)
    print(text.getvalue())


def run_config(options: argparse.Namespace) -> Any:
    """Return the options as a run's configuration."""
    from unmask.training.config import TrainConfig

    return TrainConfig(
        data=[options.data], backbone=options.backbone, input_size=options.size, batch_size=options.batch_size,
        workers=options.workers, limit=options.limit, audit=False,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
