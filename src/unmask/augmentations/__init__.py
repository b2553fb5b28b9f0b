"""Augmentations: one file each, a torchvision v2 transform on uint8 face crops [3, H, W].

Each is registered as a function that returns the transform; its keyword parameters all have defaults, the
usual strength. A run names the ones it wants in `TrainConfig.augmentations`, in the order in which they apply.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from unmask.errors import TrainingError
from unmask.registry import Registry

if TYPE_CHECKING:
    from torchvision.transforms.v2 import Transform

AUGMENTATIONS: Registry[Callable[..., Transform]] = Registry("augmentation", package="unmask.augmentations")


def compose(entries: Sequence[str | Mapping[str, Any]]) -> Transform:
    """Return the named augmentations as one transform of a uint8 tensor [3, H, W], in the given order.

    An entry is a name, or a name with some of its parameters, `{name: {parameter: value}}`.

    Raises:
        UnmaskError: there is no such augmentation.
        TrainingError: an entry has another form, an unknown parameter, or a value that does not work.

    Example:
        >>> crop = torch.zeros(3, 64, 64, dtype=torch.uint8)
        >>> compose(["flip", {"jpeg": {"lowest": 30, "p": 0.5}}])(crop).shape
        torch.Size([3, 64, 64])
    """
    from torchvision.transforms import v2

    return v2.Compose([make_augmentation(*split_entry(entry)) for entry in entries] or [v2.Identity()])


def split_entry(entry: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the parameters of one entry; raises TrainingError for one of another form."""
    if isinstance(entry, str):
        return entry, {}
    if isinstance(entry, Mapping) and len(entry) == 1:
        name, parameters = next(iter(entry.items()))
        if isinstance(name, str) and isinstance(parameters, Mapping | None):
            return name, dict(parameters or {})
    raise TrainingError(
        f"The augmentation {entry!r} is neither a name nor one name with its parameters. "
        "Write it as jpeg or as {jpeg: {lowest: 30, p: 0.5}}."
    )


def make_augmentation(name: str, parameters: Mapping[str, Any]) -> Transform:
    """Return one augmentation with the given parameters, tried once on a blank crop.

    Raises:
        UnmaskError: there is no such augmentation.
        TrainingError: a parameter is unknown, or its value does not work.
    """
    make = AUGMENTATIONS[name]
    known = inspect.signature(make).parameters
    for parameter, value in parameters.items():
        if parameter not in known:
            close = difflib.get_close_matches(parameter, known, n=1) or list(known)
            raise TrainingError(
                f"The augmentation {name} has no parameter {parameter!r}. Did you mean {', '.join(close)}?"
            )
        _check_kind(name, parameter, value, known[parameter].default)
    try:
        transform = make(**parameters)
        if parameters:
            _try_out(transform)
    except Exception as error:  # a wrong value ends here, in one line, and not in the first epoch
        values = ", ".join(f"{parameter}={value!r}" for parameter, value in parameters.items())
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TrainingError(f"The augmentation {name} does not work with {values}: {reason}.") from error
    return transform


def _check_kind(name: str, parameter: str, value: Any, default: Any) -> None:
    """Refuse a value of another kind than the default: a text or a truth value for a number."""
    if isinstance(default, bool) or not isinstance(default, int | float):
        return
    kind: Any = int if isinstance(default, int) else int | float
    if isinstance(value, bool) or not isinstance(value, kind):
        wanted = "a whole number" if kind is int else "a number"
        raise TrainingError(f"{parameter} of the augmentation {name} is {value!r}. Give {wanted}, such as {default}.")


def _try_out(transform: Transform) -> None:
    """Apply a transform to a blank crop whatever its share, and leave torch's generator as it was."""
    import numpy as np
    import torch

    from unmask.augmentations.on_pixels import OnPixels

    with torch.random.fork_rng(devices=[]):
        if isinstance(transform, OnPixels):
            transform.change(np.full((32, 32, 3), 128, np.uint8))
        else:
            transform(torch.full((3, 32, 32), 128, dtype=torch.uint8))
