"""What was counted: record.json, and the table that the README has of it.

It exists so that a number in the README is never written by hand. Nothing is conducted
here.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from harness.errors import EvidenceNotWritten, UsageError
from harness.track_record.entries import ENTRIES, Entry

RECORD = Path(__file__).parent / "record.json"
BEGIN, END = "<!-- track record -->\n", "<!-- end of track record -->\n"
_TITLES = (
    *("entry", "failure", "upstream", "design", "known by", "command"),
    *("showed", "last shown", "note"),
)
# What a row has room for; record.json has them all.
_TOLD = {"celery": "Celery", "kombu": "kombu", "rabbitmq": "RabbitMQ"}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """When a failure was last seen: the project's commit, the day, all versions."""

    commit: str
    date: str
    versions: dict[str, str]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How often an entry showed, in `of` tries of its last counting.

    `without_verdict` of them prove nothing, in either way. It is known by entry and
    story; `design`, `celery` and `shows` are what was looked for then.
    """

    entry: str
    story: str
    design: str
    celery: str | None
    shows: str
    shown: int
    of: int
    without_verdict: int
    last_shown: Seen | None

    def is_of(self, entry: Entry) -> bool:
        """Say whether this was counted for the entry as it is now."""
        return (self.entry, self.story, self.design, self.celery, self.shows) == (
            entry.name,
            entry.story,
            entry.design,
            entry.celery,
            entry.shows,
        )


def read(path: Path = RECORD) -> tuple[Tally, ...]:
    """Read what was counted. Raises UsageError for a file that is none of ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Tally, ...])
    except FileNotFoundError:
        return ()
    except msgspec.DecodeError as error:
        raise UsageError(f"{path} cannot be read: {error}; take it from git") from error


def put(tallies: Iterable[Tally], new: Tally) -> tuple[Tally, ...]:
    """Put a new count in the place of the one before; one that saw nothing keeps when
    the failure was last seen. They stand in the order of the entries.
    """
    order = [(entry.name, entry.story) for entry in ENTRIES]
    known = {(each.entry, each.story): each for each in tallies}
    before = known.get((new.entry, new.story))
    if new.last_shown is None and before is not None:
        new = msgspec.structs.replace(new, last_shown=before.last_shown)
    known[new.entry, new.story] = new
    return tuple(known[name] for name in order if name in known)


def write(tallies: tuple[Tally, ...], readme: Path, path: Path = RECORD) -> None:
    """Write what was counted, and the README's table of it."""
    text = readme.read_text()
    before, found, rest = text.partition(BEGIN)
    _, also_found, after = rest.partition(END)
    if not (found and also_found):
        raise UsageError(
            f"{readme} has no place for the track record: put "
            f"{BEGIN.strip()} and {END.strip()} there, each on a line of its own"
        )
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(tallies), indent=1))
        readme.write_text(f"{before}{BEGIN}{table(tallies)}{END}{after}")
    except OSError as error:
        raise EvidenceNotWritten(f"the record was not written: {error}") from error


def table(tallies: Iterable[Tally]) -> str:
    """Return the README's table: a row for each entry, counted or not."""
    counted = {(each.entry, each.story): each for each in tallies}
    rows = [_row(entry, counted.get((entry.name, entry.story))) for entry in ENTRIES]
    lines = [_TITLES, ("---",) * len(_TITLES), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _row(entry: Entry, tally: Tally | None) -> tuple[str, ...]:
    upstream = (f"[{_short(each)}]({_address(each)})" for each in entry.upstream)
    celery = f", Celery {entry.celery}" if entry.celery else ""
    return (
        entry.name,
        entry.failure,
        ", ".join(upstream) or "–",
        f"`{entry.design}`{celery}",
        f"`{entry.shows}`",
        f"`{entry.command}`",
        *_counted(tally if tally is not None and tally.is_of(entry) else None),
        entry.note,
    )


def _counted(tally: Tally | None) -> tuple[str, str]:
    if tally is None:
        return "not counted yet", "–"
    unknown = tally.without_verdict
    known = f", {unknown} without a verdict" if unknown else ""
    seen = tally.last_shown
    if seen is None:
        return f"{tally.shown} of {tally.of}{known}", "never"
    versions = (
        f"{word} {seen.versions[name]}"
        for name, word in _TOLD.items()
        if name in seen.versions
    )
    last = f"{seen.date}, `{seen.commit}`, {', '.join(versions)}"
    return f"{tally.shown} of {tally.of}{known}", last


def _short(issue: str) -> str:
    """Return celery/celery#5410 as celery #5410."""
    repository, _, number = issue.partition("#")
    return f"{repository.rpartition('/')[2]} #{number}"


def _address(issue: str) -> str:
    """Return an issue's address; of a pull request, GitHub leads on from there."""
    repository, _, number = issue.partition("#")
    return f"https://github.com/{repository}/issues/{number}"
