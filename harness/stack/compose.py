"""Reads compose.yaml, the one description of the system.

It exists so that the harness starts exactly what `docker compose up` starts. It knows
the keys below and no others: a key that the harness would silently leave out is an
error that names it, because the system would then differ from the one that people
run. Some keys are read and deliberately answered in another way:

    healthcheck   the harness waits by its own round trips
    depends_on    the harness starts things in an order of its own
    ports         the harness takes free ones, so that runs live side by side
    profiles      `harness` marks what is there for the harness alone
"""

import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from harness.errors import UsageError
from harness.stack.interpolation import environment_for, interpolate

_STRICT = ConfigDict(extra="forbid")


def _words(value: object) -> object:
    """Turn a command written as one string into its words, as Compose does."""
    return shlex.split(value) if isinstance(value, str) else value


def _pairs(value: object) -> object:
    """Accept the list form (`- NAME=value`), and numbers where Compose does."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = dict(_pair(each) for each in value)
    if isinstance(value, dict):
        return {name: _number_as_text(each) for name, each in value.items()}
    return value


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{name} has no value; write {name}=...")
    return name, value


def _number_as_text(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _list_as_mapping(value: object) -> object:
    if isinstance(value, list):
        return {name: {"condition": "service_started"} for name in value}
    return value


def _context_only(value: object) -> object:
    return {"context": value} if isinstance(value, str) else value


Words = Annotated[list[str], BeforeValidator(_words)]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Build:
    """How an image is built; `context` is a folder beside compose.yaml."""

    context: str
    dockerfile: str = "Dockerfile"
    args: Pairs = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class HealthCheck:
    """How Compose asks a service whether it is well; durations as written."""

    test: list[str] | str
    interval: str | None = None
    timeout: str | None = None
    start_period: str | None = None
    start_interval: str | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Dependency:
    """What Compose waits for before it starts a service."""

    condition: Literal[
        "service_started", "service_healthy", "service_completed_successfully"
    ]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Service:
    """One entry of compose.yaml. `ports` are as written: "127.0.0.1:8000:8000"."""

    image: str
    build: Annotated[Build | None, BeforeValidator(_context_only)] = None
    command: Words | None = None
    entrypoint: Words | None = None
    environment: Pairs = field(default_factory=dict)
    healthcheck: HealthCheck | None = None
    depends_on: Annotated[dict[str, Dependency], BeforeValidator(_list_as_mapping)] = (
        field(default_factory=dict)
    )
    hostname: str | None = None
    init: bool = False
    ports: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    restart: Literal["no", "always", "on-failure", "unless-stopped"] = "no"
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class ComposeFile:
    """compose.yaml, with variables filled in and anchors resolved."""

    services: dict[str, Service]
    name: str | None = None

    def published_ports(self) -> dict[int, str]:
        """Return host port -> service, for what Compose would publish."""
        return {
            int(port.split(":")[-2]): name
            for name, service in self.services.items()
            for port in service.ports
            if ":" in port
        }


_ADAPTER = TypeAdapter(ComposeFile)


def read_compose(
    path: Path, environment: Mapping[str, str] | None = None
) -> ComposeFile:
    """Read a compose.yaml. Without an environment: `.env` beside it, and our own.

    Raises UsageError that says what cannot be used, where, and what to do.
    """
    known = environment_for(path.parent) if environment is None else environment
    try:
        document = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(
            f"{path} is no valid YAML: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(document, dict) or not document.get("services"):
        raise UsageError(f"{path} names no services; it needs a `services:` mapping")
    kept = {
        key: value for key, value in document.items() if not str(key).startswith("x-")
    }
    filled = _fill_in(kept, known, path, ())
    try:
        compose = _ADAPTER.validate_python(filled)
    except ValidationError as error:
        raise UsageError(_explain(error, path)) from error
    _check_dependencies(compose, path)
    return compose


def _fill_in(
    value: Any, environment: Mapping[str, str], path: Path, where: tuple[str, ...]
) -> Any:
    """Fill in variables in every string, however deep. `where` is for the message."""
    match value:
        case dict():
            return {
                key: _fill_in(each, environment, path, (*where, str(key)))
                for key, each in value.items()
            }
        case list():
            return [_fill_in(each, environment, path, where) for each in value]
        case str():
            try:
                return interpolate(value, environment)
            except ValueError as error:
                raise UsageError(f"{path}: {' > '.join(where)}: {error}") from error
        case _:
            return value


def _check_dependencies(compose: ComposeFile, path: Path) -> None:
    for name, service in compose.services.items():
        for needed in service.depends_on:
            if needed not in compose.services:
                raise UsageError(
                    f"{path}: service {name} depends on {needed}, which is no service "
                    "of this file"
                )


def _explain(error: ValidationError, path: Path) -> str:
    """Turn pydantic's first complaint into a sentence that says what to do."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    where = "the file"
    if len(place) > 1 and place[0] == "services":
        where, place = f"service {place[1]}", place[2:]
    key = ".".join(place) or "services"
    match first["type"]:
        case "unexpected_keyword_argument":
            return (
                f"{path}: {where} has the key `{key}`, which the harness does not "
                "understand. It would start another system than Compose does: take "
                "the key out, or teach it to harness/stack/compose.py and "
                "harness/stack/services.py"
            )
        case "missing":
            hint = (
                " (a service that is built here needs a name for its image, too)"
                if key == "image"
                else ""
            )
            return f"{path}: {where} has no `{key}`{hint}"
        case _:
            found = textwrap.shorten(repr(first["input"]), 60)
            return f"{path}: {where}, key `{key}`: {first['msg']}; it is {found}"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader (made to be subclassed), that also refuses a key twice."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        if key_node.value in seen:
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"the key {key_node.value!r} is there twice",
                key_node.start_mark,
            )
        seen.add(key_node.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
