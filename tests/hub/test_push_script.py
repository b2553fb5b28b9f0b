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


def test_the_detector_and_its_space_are_published_in_one_go_and_name_each_other(hub, push, scored_detector):
    done = push(scored_detector, "--repo", "ada/face-check", "--tag", "v1", "--space", "ada/face-page")
    assert done.returncode == 0, done.stderr
    assert f"Published {hub.url}/spaces/ada/face-page" in done.stdout
    model, space = hub.repositories["ada/face-check"], hub.repositories["spaces/ada/face-page"]
    assert model.tags["v1"].encode() in space.commits[-1][1]["app.py"]
    assert b"https://huggingface.co/spaces/ada/face-page" in model.commits[-1][1]["README.md"]


def test_a_dry_run_writes_the_space_to_look_at_and_sends_nothing(hub, push, scored_detector, tmp_path):
    wanted = ("--repo", "ada/face-check", "--tag", "v1", "--space", "ada/face-page")
    done = push(scored_detector, *wanted, "--dry-run", "--output", tmp_path / "space", HF_TOKEN="")
    assert done.returncode == 0, done.stderr
    assert 'REVISION = "v1"' in (tmp_path / "space" / "app.py").read_text()
    assert (tmp_path / "space" / "unmask" / "web" / "page.css").is_file()
    assert "ada/face-page/requirements.txt" in done.stderr
    assert hub.requests == []


TOGETHER = [  # flags that do not go together, and what is said
    ([], "name --repo, --space or both"),  # nothing to publish
    (["--space", "ada/page"], "name --repo too"),  # a Space loads its detector from the Hub
    (["--repo", "ada/x", "--revision", "v1"], "--revision with a detector that is published"),  # of what?
    (["--repo", "ada/x", "--output", "space"], "--output goes with --dry-run"),  # would write nothing
]


@pytest.mark.parametrize(("arguments", "told"), TOGETHER)
def test_flags_that_do_not_go_together_are_told(push, scored_detector, arguments, told):
    done = push(scored_detector, *arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())


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


def test_help_shows_examples_and_exit_codes(push):
    shown = push("--help").stdout
    assert "examples:" in shown
    assert "Exit codes:" in shown
