"""Train a detector: accelerate launch train/train.py --data ROOT --output runs/NAME (see --help)."""

from __future__ import annotations

import sys

from unmask.errors import UnmaskError
from unmask.training.config import TrainConfig, parse_train_config
from unmask.training.launch import follow_launcher, start_processes
from unmask.training.stopping import RunStopped, is_first_process


def main(arguments: list[str]) -> int:
    """Run the training that the arguments describe and return the exit code."""
    config = parse_train_config(arguments)
    follow_launcher()
    try:
        code = start_processes(__file__, arguments)
        if code is not None:
            return code
        _train_and_score(config)
    except UnmaskError as error:
        if is_first_process(of_this_machine=True):  # the others have the same to say
            print(f"error: {error}", file=sys.stderr)
        return 1
    except RunStopped as stopped:
        if is_first_process():
            print(stopped, file=sys.stderr)
        return stopped.code
    except KeyboardInterrupt:
        print(f"stopped; go on with the same command and --resume (run in {config.output})", file=sys.stderr)
        return 130
    return 0


def _train_and_score(config: TrainConfig) -> None:
    """Train, then score the written folder on the validation pictures and say what to do with it."""
    # Here, as a process that only starts others needs neither the seconds nor the memory that torch takes.
    from unmask.evaluation.scoring_run import score_validation
    from unmask.training.loop import train

    run = train(config)
    if run is None or not run.is_main:
        return
    score_validation(run.folder, run.validation_samples, run.folder.parent / "validation")
    print(f"Detector: {run.folder}")
    print(f"Try it:   unmask predict --detector {run.folder} photo.jpg")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
