"""Registry: one decorator adds a part, and a wrong name is answered with the nearest right ones."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from unmask.errors import UnmaskError

Part = TypeVar("Part")


class Registry(Generic[Part]):
    """Parts of one family by name, discovered from the modules of one package.

    Example:
        >>> metrics: Registry[Callable] = Registry("metric", package="unmask.metrics")
        >>> sorted(metrics)[:1]
        ['accuracy']
    """

    def __init__(self, family: str, package: str) -> None:
        self.family = family
        self._package = package
        self._parts: dict[str, Part] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[Part], Part]:
        """Return a decorator that adds a part under `name`; a name taken twice is an error."""

        def add(part: Part) -> Part:
            if name in self._parts:
                raise UnmaskError(f"The {self.family} {name!r} is registered twice. Rename one of them.")
            self._parts[name] = part
            return part

        return add

    def __getitem__(self, name: str) -> Part:
        self._discover()
        if name not in self._parts:
            close = difflib.get_close_matches(name, self._parts, n=3) or sorted(self._parts)
            raise UnmaskError(f"There is no {self.family} {name!r}. Did you mean {', '.join(close)}?")
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        self._discover()
        return iter(sorted(self._parts))

    def __len__(self) -> int:
        self._discover()
        return len(self._parts)

    def _discover(self) -> None:
        """Import every module of the family's package once, so that their decorators run; a lone file has none."""
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(getattr(package, "__path__", [])):
            importlib.import_module(f"{self._package}.{module.name}")
