"""A suite: the file that says which data sets an evaluation scores, and what it measures on them."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unmask.errors import DataError, UnmaskError
from unmask.evaluation.sections import SECTIONS
from unmask.metrics.bootstrap import RESAMPLES, SEED

MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class SuiteData:
    """One data set of a suite: its folder below the data root, and which of its pictures are scored.

    `groups` are columns of its table (`metadata.csv`) that tell groups of people apart. `method` is how its fakes were
    made, of all of them, where its layout does not say.
    """

    path: str
    split: str | None = None
    layout: str | None = None
    limit: int | None = None
    groups: tuple[str, ...] = ()
    method: str | None = None


@dataclass(frozen=True)
class Suite:
    """What one evaluation measures: data sets and sections in their order, and the draw of the intervals.

    `sections` are names of `SECTIONS` with their parameters.
    """

    data: tuple[SuiteData, ...]
    sections: tuple[tuple[str, Mapping[str, Any]], ...]
    resamples: int = RESAMPLES
    seed: int = SEED


def read_suite(path: Path | str) -> Suite:
    """Return a suite from its YAML file.

    Raises:
        DataError: the file cannot be read, or says what no suite knows; in one line.
        UnmaskError: there is no section of that name.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is larger than 1 MiB, which no suite is. Name a suite's YAML file.")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"Could not read the suite {path}: {error.strerror}. See train/suites/.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"The suite {path} is no YAML: {reason}. Compare train/suites/default.yaml.") from error
    try:
        return _suite(content)
    except UnmaskError as error:
        raise type(error)(f"The suite {path.name}: {error}") from None


def _suite(content: Any) -> Suite:
    fields = _mapping(content, "a suite", _names(Suite), {"data", "sections"})
    data = tuple(_data(entry) for entry in _list(fields.pop("data"), "data"))
    twice = {each.path for each in data if [other.path for other in data].count(each.path) > 1}
    if twice:
        raise DataError(f"the data set {min(twice)} comes twice. Name it once.")
    sections = tuple(_section(entry) for entry in _list(fields.pop("sections"), "sections"))
    for name, least in (("resamples", 100), ("seed", 0)):
        if name in fields:
            _check_whole(fields[name], name, least)
    return Suite(data=data, sections=sections, **fields)


def _data(entry: Any) -> SuiteData:
    """Return one data set from its entry: a folder's name, or a mapping with `path`."""
    if isinstance(entry, str):
        entry = {"path": entry}
    fields = _mapping(entry, "a data set", _names(SuiteData), {"path"})
    for name in ("path", "split", "layout", "method"):
        if name in fields and not (isinstance(fields[name], str) and fields[name]):
            raise DataError(f"{name} of a data set is {fields[name]!r}. Give its name.")
    if Path(fields["path"]).is_absolute() or ".." in Path(fields["path"]).parts:
        raise DataError(f"{fields['path']} is not below the data root. Name the folder from there.")
    if fields.get("split") not in (None, "train", "validation", "test"):
        raise DataError(f"{fields['split']!r} is no split. Write train, validation or test.")
    if "limit" in fields:
        _check_whole(fields["limit"], "limit", 1)
    if "groups" in fields:
        fields["groups"] = tuple(map(str, _list(fields["groups"], "groups")))
    return SuiteData(**fields)


def _section(entry: Any) -> tuple[str, Mapping[str, Any]]:
    """Return name and parameters of one section: `verdicts`, or `robustness: {faces: 100}`."""
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, Mapping) or len(entry) != 1 or not isinstance(next(iter(entry)), str):
        raise DataError(
            f"{entry!r} is no section. Write a name, or one name with its values: robustness: {{faces: 9}}."
        )
    name, given = next(iter(entry.items()))
    known = {key: each.default for key, each in list(inspect.signature(SECTIONS[name]).parameters.items())[1:]}
    fields = _mapping(given or {}, f"the section {name}", known, set())
    for key, value in fields.items():
        if isinstance(known[key], int):
            _check_whole(value, f"{key} of the section {name}", 1)
    return name, fields


def _mapping(value: Any, what: str, known: Iterable[str], needed: set[str]) -> dict[str, Any]:
    """Return a mapping that has only known keys and all the needed ones."""
    known = list(known)
    if not isinstance(value, Mapping):
        raise DataError(f"{what} is {value!r}. Write keys and values: {', '.join(known) or 'it has none'}.")
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1) or known
            raise DataError(
                f"{what} has no key {key!r}. " + (f"Did you mean {', '.join(near)}?" if near else "Leave it out.")
            )
    missing = sorted(needed - set(value))
    if missing:
        raise DataError(f"{what} needs the key {missing[0]}. Compare train/suites/default.yaml.")
    return dict(value)


def _list(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list) or not value:
        raise DataError(f"{name} is {value!r}. Give a list with at least one entry.")
    return value


def _check_whole(value: Any, name: str, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DataError(f"{name} is {value!r}. Give a whole number from {least} on.")


def _names(kind: type) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]
