"""Backbones: our own networks, one file each, in timm's registry beside timm's own.

Importing this package registers them, so that `timm.create_model("meso4")` works and a detector folder that
names one can be read. A new file is found by itself.

Example:
    >>> import timm, unmask.backbones
    >>> timm.create_model("meso4", num_classes=2).num_features
    16
"""

from __future__ import annotations

import importlib
import pkgutil

import timm

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def list_backbones() -> list[str]:
    """Return the names of our own networks, sorted."""
    names = timm.list_models()
    return [name for name in names if timm.model_entrypoint(name).__module__.startswith(f"{__name__}.")]
