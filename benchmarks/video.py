"""Seconds and memory that judging a clip takes, each clip in a process of its own.

    python benchmarks/video.py                                  # clips that this script draws
    python benchmarks/video.py --clips folder --frames 32       # real clips, with their verdicts
    python benchmarks/video.py --clips ffpp --labels            # a data set's tree: AUC over the clips too

Seconds are those of `predict_video`, once the detector is loaded; `cpu` is what both cores worked, which a busy
machine changes less. Memory is the most that the whole process ever held, Python and libraries included. Drawn
clips are a face that moves over noise: 10 s, and 10 min with a key frame every 10 s, as x264 places them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

RATE, WIDTH, HEIGHT = 25, 1280, 720
SECONDS, REPEATS = 10, 60


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    options = read_options(arguments)
    if options.one:
        print(json.dumps(measure(Path(options.one), options)))
        return 0
    with tempfile.TemporaryDirectory(prefix="unmask-benchmark-") as folder:
        clips = labelled_clips(options) or [(path, None) for path in draw_clips(Path(folder))]
        found = [(label, print_one(path, label, options)) for path, label in clips]
    if options.labels:
        print_auc([(label, each["fake_probability"]) for label, each in found])
    return 0


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", help="a clip, or a folder of clips; without it some are drawn")
    parser.add_argument("--labels", action="store_true", help="read --clips as a data set and print the AUC")
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--detector", help="a folder, or user/name on the Hub; the shipped one without it")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def labelled_clips(options: argparse.Namespace) -> list[tuple[Path, int | None]]:
    """Return the clips to judge with their labels, None where they are not known."""
    if options.clips is None:
        return []
    root = Path(options.clips)
    if options.labels:
        from unmask.data.layouts import read_samples

        return [(Path(sample.path), sample.label) for sample in read_samples(root, None)]
    from unmask.media.images import find_files
    from unmask.media.video_bytes import VIDEO_SUFFIXES

    return [(path, None) for path in (find_files(root, VIDEO_SUFFIXES) if root.is_dir() else [root])]


def print_one(path: Path, label: int | None, options: argparse.Namespace) -> dict[str, Any]:
    """Judge a clip in a fresh process, print what it took, and return it."""
    flags = [f"--frames={options.frames}", *([f"--detector={options.detector}"] if options.detector else [])]
    command = [sys.executable, __file__, *flags, "--one", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
    number = "  -  " if found["fake_probability"] is None else f"{found['fake_probability']:.3f}"
    kind = "" if label is None else ("real clip, " if label == 0 else "fake clip, ")
    print(
        f"{found['seconds']:6.2f} s  {found['cpu']:6.2f} s cpu  {found['megabytes']:4.0f} MB  "
        f"{found['judged']:3} of {found['wanted']} frames  {found['length']:6.1f} s long  "
        f"{kind}{found['verdict']:9} {number}  {found['finder']}  {path.parts[-4] if label is not None else ''} "
        f"{path.name}",
        flush=True,
    )
    return found


def measure(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Return what judging one clip takes in this process, and the verdict."""
    from unmask import load_detector

    detector = load_detector(options.detector)
    started, worked = time.perf_counter(), time.process_time()
    prediction = detector.predict_video(path, options.frames)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - worked,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024),
        "judged": prediction.frames_judged,
        "wanted": prediction.frames_wanted,
        "length": prediction.duration,
        "verdict": prediction.verdict,
        "fake_probability": prediction.fake_probability,
        "finder": prediction.face_finder,
    }


def print_auc(scores: list[tuple[int | None, float | None]]) -> None:
    """Print the AUC over the clips that have a score."""
    import numpy as np

    from unmask.metrics.auc import auc

    scored = [(label, score) for label, score in scores if score is not None]
    labels, values = (np.array(column) for column in zip(*scored, strict=True))
    print(f"AUC {auc(labels, values):.3f} over {len(scored)} of {len(scores)} clips")


def draw_clips(folder: Path) -> list[Path]:
    """Write a clip of a drawn face that moves over noise, and one that repeats it."""
    import numpy as np

    from unmask.media.drawing import draw_face
    from unmask.media.video import VideoFrame
    from unmask.media.video_writing import write_video

    rng = np.random.default_rng(0)
    grounds = [rng.integers(100, 140, (HEIGHT, WIDTH, 1), np.uint8).repeat(3, axis=2) for _ in range(5)]
    face = draw_face(1, 320)

    def frames() -> Any:
        for number in range(SECONDS * RATE):
            picture = grounds[number // 5 % len(grounds)].copy()
            left = 100 + abs(number * 4 % 1600 - 800)
            picture[200:520, left : left + 320] = face
            yield VideoFrame(number / RATE, picture)

    short, long = folder / f"drawn-{SECONDS}s.mp4", folder / f"drawn-{SECONDS * REPEATS}s.mp4"
    write_video(short, frames())
    repeat_clip(short, long)
    return [short, long]


def repeat_clip(short: Path, long: Path) -> None:
    """Write a clip that shows another again and again, its packets copied."""
    import av

    with av.open(str(long), "w") as out:
        stream = None
        for number in range(REPEATS):
            with av.open(str(short)) as clip:
                source = clip.streams.video[0]
                stream = stream or out.add_stream_from_template(source)
                for packet in clip.demux(source):
                    if packet.size:
                        shift = round(number * SECONDS / packet.time_base)
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                        out.mux(packet)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
