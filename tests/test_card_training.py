"""How a detector was made, and what that cost, as its card tells it."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

import pytest

from unmask.card_training import render_cost, render_repeat, training_command, training_commands, training_minutes

RUN: dict[str, Any] = {"data": ["faces"], "processes": 2, "history": [{"minutes": 20}, {"minutes": 40}]}
FIRST = {
    "name": "first",
    "weights": "0a1b2c3d",
    "commands": ["train first", "calibrate first"],
    "minutes": 90.0,
    "processes": 1,
    "hardware": "CPU, 1 thread(s) a process",
}
LEARNED = RUN | {"init_weights": "first", "teacher": ["first", "second"]}


def test_the_command_on_the_card_is_one_that_training_takes() -> None:
    pytest.importorskip("jsonargparse", reason="needs the train extra")
    from unmask.training.config import TrainConfig, parse_train_config

    changes = {"flip": {}, "jpeg": {"lowest": 50, "p": 0.25}}
    augmentations = ["colour", *({name: values} for name, values in changes.items())]
    run = TrainConfig(data=["ffpp", "my faces"], pretrained=True, lr=2e-4, augmentations=augmentations, name="it's")
    run.teacher = ["runs/a/detector", "user/b"]
    record = dataclasses.asdict(run) | {
        "faces": {"train": 5},
        "torch": "2.6",
        "history": [{}],
        "left_out": {},
        "hardware": "CPU",
        "forebears": [FIRST],
    }
    words = shlex.split(training_command(record).replace("\\\n", " "))
    assert words[:3] == ["accelerate", "launch", "train/train.py"]
    assert parse_train_config(words[3:]) == run
    assert training_command(record | {"processes": 2}).startswith("accelerate launch --num_processes 2 train/train.py")


COSTS = [  # a run's record, and what the card says
    ({}, "The run's time was not recorded."),
    (RUN, "Training took 60 minutes in 2 process(es). Energy"),
    (RUN, "it is 0.10 kWh, at 0.4 kg a kWh some 40 g of CO2"),
    (RUN | {"hardware": "a GPU"}, "in 2 process(es) on a GPU."),
    # without a record of it, what came before is named and not counted
    (LEARNED, "What `first` and `second` took, which it started or learned from, is not counted."),
    (LEARNED | {"forebears": [FIRST]}, "What `second` took"),
    # with one, the minutes and the energy are of both
    (
        LEARNED | {"forebears": [FIRST]},
        "took 90 minutes (`first` 90 in 1 process(es) on CPU, 1 thread(s) a process): 150 in all.",
    ),
    (LEARNED | {"forebears": [FIRST]}, "0.25 kWh, at 0.4 kg a kWh some 100 g"),
    (RUN | {"forebears": [FIRST | {"minutes": None}]}, "What `first` took"),
]


@pytest.mark.parametrize(("record", "words"), COSTS)
def test_the_cost_is_that_of_the_whole_chain(record: dict[str, Any], words: str) -> None:
    assert words in render_cost(record)


def test_a_chain_is_repeated_from_its_beginning() -> None:
    text = render_repeat(RUN | {"forebears": [FIRST], "calibrate_command": "calibrate it"}, {"command": "score it"})
    order = ["# first", "0a1b2c3d", "train first", "calibrate first", "# this detector", "train.py", "calibrate it"]
    places = [text.index(words) for words in [*order, "score it"]]
    assert places == sorted(places)


def test_a_run_without_forebears_has_its_commands_alone() -> None:
    assert "#" not in render_repeat(RUN, {})
    assert render_repeat({}, {}) == "The run was not recorded."


@pytest.mark.parametrize(
    ("record", "commands", "minutes"),
    [
        ({}, [], None),
        ({"import_command": "import it"}, ["import it"], None),
        # an epoch of an older run is not timed
        (RUN | {"history": [{}], "calibrate_command": "calibrate it"}, [training_command(RUN), "calibrate it"], None),
        (RUN, [training_command(RUN)], 60.0),
    ],
)
def test_what_a_record_tells(record: dict[str, Any], commands: list[str], minutes: float | None) -> None:
    assert training_commands(record) == commands
    assert training_minutes(record) == minutes
