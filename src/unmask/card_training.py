"""The part of a model card that says how a detector was made: the commands that repeat it, and what they cost."""

from __future__ import annotations

import math
import shlex
from typing import Any

LAUNCH = "accelerate launch train/train.py"
NOT_FLAGS = {"faces", "left_out", "torch", "history", "processes", "calibrate_command", "hardware", "forebears"}
"""What train_config.json says about the run beside its flags."""
ASSUMED_WATTS, CARBON_PER_KWH = 100, 0.4
"""A desktop computer at work, and the kilograms of CO2 that a mean kilowatt hour of the world's grids costs."""

UNTOLD_TIME = "The run's time was not recorded."


def render_repeat(record: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the commands that train and score a detector again, those of its forebears first.

    Args:
        record: Its train_config.json; empty where it has none.
        report: Its report.json.
    """
    lines: list[str] = []
    forebears = record.get("forebears", [])
    for each in forebears:
        lines.append(f"# {each['name']}, weights {each['weights']}: this detector started or learned from it")
        lines += each["commands"]
    own = training_commands(record) + ([str(report["command"])] if report.get("command") else [])
    lines += ["# this detector", *own] if forebears and own else own
    if not lines:
        return "The run was not recorded."
    note = "In a clone of Unmask, with your own paths of the data and of the weights to start from:"
    return f"{note}\n\n```sh\n" + "\n".join(lines) + "\n```"


def render_cost(record: dict[str, Any]) -> str:
    """Return how long the recorded runs took, and what that comes to in energy and carbon dioxide.

    Args:
        record: The detector's train_config.json; empty where it has none.
    """
    own, forebears = training_minutes(record), record.get("forebears", [])
    if own is None:
        return UNTOLD_TIME
    on = f" on {record['hardware']}" if record.get("hardware") else ""
    said = [f"Training took {own:.0f} minutes in {record.get('processes', 1)} process(es){on}."]
    timed = [each for each in forebears if each.get("minutes") is not None]
    total = own + sum(each["minutes"] for each in timed)
    if timed:
        parts = ", ".join(_part(each) for each in timed)
        said.append(f"What it started or learned from took {total - own:.0f} minutes ({parts}): {total:.0f} in all.")
    if uncounted := _uncounted(record):
        names = " and ".join(f"`{name}`" for name in uncounted)
        said.append(f"What {names} took, which it started or learned from, is not counted.")
    energy = total / 60 * ASSUMED_WATTS / 1000
    said.append(
        f"Energy was not metered: at an assumed {ASSUMED_WATTS} W it is {energy:.2f} kWh, at {CARBON_PER_KWH} kg a kWh "
        f"some {1000 * energy * CARBON_PER_KWH:.0f} g of CO2."
    )
    return " ".join(said)


def training_minutes(record: dict[str, Any]) -> float | None:
    """Return how long the run of a train_config.json took, None where it was not timed."""
    minutes = sum(float(epoch.get("minutes", 0)) for epoch in record.get("history", []))
    return round(minutes, 2) or None


def training_commands(record: dict[str, Any]) -> list[str]:
    """Return the commands that a train_config.json repeats: of training or importing, and of calibrating."""
    if not record:
        return []
    calibrated = [str(record["calibrate_command"])] if record.get("calibrate_command") else []
    return [str(record.get("import_command") or training_command(record)), *calibrated]


def training_command(record: dict[str, Any]) -> str:
    """Return the command line that repeats the run of a train_config.json; a flag a line."""
    import yaml

    processes = record.get("processes", 1)
    words = [f"accelerate launch --num_processes {processes} train/train.py" if processes > 1 else LAUNCH]
    for key, value in record.items():
        flag = "--" + key.replace("_", "-")
        if key in NOT_FLAGS or value is None or value is False or value == {}:
            continue
        if key in ("data", "teacher"):
            words += [f"{flag} {shlex.quote(str(name))}" for name in value]
        elif isinstance(value, (dict, list)):
            text = yaml.safe_dump(value, default_flow_style=True, width=math.inf).strip()
            words.append(f"{flag} {shlex.quote(text)}")
        else:
            words.append(flag if value is True else f"{flag} {shlex.quote(str(value))}")
    return " \\\n  ".join(words)


def _part(forebear: dict[str, Any]) -> str:
    """Return one forebear's time, as in `first` 41 in 2 process(es) on CPU."""
    on = f" on {forebear['hardware']}" if forebear.get("hardware") else ""
    return f"`{forebear['name']}` {forebear['minutes']:.0f} in {forebear.get('processes', 1)} process(es){on}"


def _uncounted(record: dict[str, Any]) -> list[str]:
    """Return the names of weights and teachers of a run whose time nobody recorded."""
    timed = {each["name"] for each in record.get("forebears", []) if each.get("minutes") is not None}
    untimed = [each["name"] for each in record.get("forebears", []) if each.get("minutes") is None]
    named = [name for name in [record.get("init_weights"), *(record.get("teacher") or [])] if name]
    return [name for name in dict.fromkeys([*named, *untimed]) if name not in timed]
