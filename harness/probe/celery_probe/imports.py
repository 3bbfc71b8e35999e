"""Runs a hook right after a module has been imported.

It exists because the probe is loaded before anything of the app: it must not import
Celery itself, and must be in place before anybody takes a name out of the module.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from . import lines

Hook = Callable[[ModuleType], None]


def after(hooks: Sequence[tuple[str, Hook]]) -> None:
    """Install each hook once the module of that name has been imported by anybody."""
    waiting: dict[str, list[Hook]] = {}
    for name, hook in hooks:
        waiting.setdefault(name, []).append(hook)
    sys.meta_path.insert(0, _Finder(waiting))


class _Finder:
    """Lets the other finders find a module, and adds to the end of its import."""

    def __init__(self, waiting: dict[str, list[Hook]]) -> None:
        self._waiting = waiting

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name not in self._waiting:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                self._add_to(spec)
                return spec
        return None

    def _add_to(self, spec: ModuleSpec) -> None:
        try:
            loader = spec.loader
            execute = loader.exec_module  # type: ignore[union-attr]

            def exec_module(module: ModuleType) -> None:
                execute(module)
                for hook in self._waiting.pop(spec.name, ()):
                    _install(hook, module)

            loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
        except AttributeError as error:
            lines.failed(f"{spec.name} is not watched: {error!r}")


def _install(hook: Hook, module: ModuleType) -> None:
    try:
        hook(module)
    except Exception as error:  # a version that we do not know, most likely
        lines.failed(f"{module.__name__} is not watched: {error!r}")
