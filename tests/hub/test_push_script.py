"""`python train/push.py` as a person runs it: exit codes, one-line errors, and what to paste next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "train" / "push.py"


@pytest.fixture
def push(hub, tmp_path):
    """Return a function that runs the script against the loopback Hub, in an empty home."""

    client = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(SCRIPT), *map(str, arguments)],
            env=os.environ | client | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_it_publishes_and_prints_the_line_that_loads_the_detector(hub, push, scored_detector):
    done = push(scored_detector, "--repo", "ada/face-check", "--tag", "v1", "--private")
    assert done.returncode == 0, done.stderr
    assert f"Published {hub.url}/ada/face-check" in done.stdout
    assert 'load_detector("ada/face-check", revision="v1")' in done.stdout
    assert hub.repositories["ada/face-check"].private
    assert list(hub.repositories["ada/face-check"].tags) == ["v1"]


def test_a_dry_run_prints_the_card_and_the_files_and_sends_nothing(hub, push, scored_detector):
    done = push(scored_detector, "--repo", "ada/face-check", "--dry-run", HF_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("---\nlicense: ")
    assert "model.onnx" in done.stderr
    assert hub.requests == []


FAILURES = [  # arguments after the folder, environment, exit code, and what is said
    (
        ["--repo", "ada/face-check"],
        {"HF_TOKEN": "hf_unknown"},
        1,
        "did not accept the token",
    ),  # the Hub refuses
    (["--repo", "ada/face-check"], {"HF_TOKEN": ""}, 1, "no Hugging Face token"),  # nobody is logged in
    (["--repo", "ada/face-check"], {"HF_HUB_OFFLINE": "1"}, 1, "HF_HUB_OFFLINE is set"),  # told not to ask
    (["--repo", "face-check"], {}, 2, "user/name"),  # no name of a repository
    (["--repo", "ada/face-check", "--tag", "v 1"], {}, 2, "no name for a tag"),  # no name of a tag
]


@pytest.mark.parametrize(("arguments", "environment", "code", "told"), FAILURES)
def test_a_failure_is_one_line_and_an_exit_code(push, scored_detector, arguments, environment, code, told):
    done = push(scored_detector, *arguments, **environment)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("push.py: ")
    assert told in line


def test_a_folder_that_is_no_detector_is_a_usage_error(push, tmp_path):
    done = push(tmp_path / "nothing", "--repo", "ada/face-check")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_without_a_repository_the_usage_is_shown(push, scored_detector):
    done = push(scored_detector)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: push.py")


def test_help_shows_examples_and_exit_codes(push):
    shown = push("--help").stdout
    assert "examples:" in shown
    assert "Exit codes:" in shown
