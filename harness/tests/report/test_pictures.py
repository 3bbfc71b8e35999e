"""What a cell's pictures are drawn from, and what they show."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

import msgspec
import pytest

from harness.fates import fold
from harness.history import Cell, QueueSeen
from harness.report import charts, svg, swimlane
from harness.report.scene import Scene, look
from harness.report.svg import Scale
from harness.tests.histories import damage
from harness.tests.histories.build import (
    Facts,
    facts,
    history,
    sealed,
    with_fault_at,
)
from harness.tests.histories.judged import judged


def scene(events: Facts) -> Scene:
    """Return what there is to see of these events."""
    folded = history(sealed(events))
    return look(folded, fold(folded, folded.of(Cell)[0]))


def drawn(events: Facts, **links: str) -> tuple[str, ...]:
    """Draw the charts of these events."""
    result = judged(history(sealed(events)))
    return tuple(
        str(each.picture) for each in charts.draw(result, scene(events), links)
    )


def at_the_end(found: Scene) -> dict[str, int]:
    """Return how many jobs are in each layer at the end."""
    return {layer: series[-1][1] for layer, series in found.layers.items() if series}


@pytest.mark.parametrize(
    ("harm", "layer"),
    [
        (damage.stranded_pending, "stuck"),
        (damage.stranded_started, "stuck"),
        (damage.duplicate_effect, "repeated"),
        (damage.duplicate_job, "repeated"),
        (damage.lost_record, "lost"),
    ],
)
def test_a_harmed_job_ends_in_its_layer_and_the_others_have_ended(
    harm: damage.Damage, layer: str
) -> None:
    """No job is in two layers, none is forgotten."""
    found = scene(harm(facts(5), 3))
    assert at_the_end(found) == {
        **dict.fromkeys(found.layers, 0),
        layer: 1,
        "ended": 4,
    }
    assert [dot.mark for dot in found.dots if dot.mark != "ok"] == [layer]


@pytest.mark.parametrize("kind", [*damage.DAMAGES, *damage.NEIGHBOURS])
def test_the_picture_ends_as_the_books_do(kind: str) -> None:
    """Whatever befell a job, it is drawn where it is counted."""
    harm = {**damage.NEIGHBOURS, **damage.DAMAGES}[kind]
    events = harm(facts(5), 3)
    ends, books = at_the_end(scene(events)), judged(history(sealed(events))).accounting
    assert {name: ends[name] for name in ("lost", "stuck", "repeated", "ended")} == {
        "lost": books.lost,
        "stuck": books.stuck,
        "repeated": books.more_than_once,
        "ended": books.once + books.dead_lettered,
    }
    assert (ends["queued"], ends["ok"]) == (0, 0)


def test_rows_that_are_pending_stand_against_messages_that_are_held() -> None:
    """A row that no message stands for stays; dead letters are no backlog."""
    seen = [
        QueueSeen(time=1001.5, queue=name, ready=n, unacknowledged=1, consumers=1)
        for name, n in (("default", 3), ("other", 5))
    ]
    dead = msgspec.structs.replace(seen[0], queue="dead", dead_letters=True)
    found = scene([*damage.stranded_pending(facts(3), 2), *seen, dead])
    assert found.pending[-1][1] == 1
    assert max(count for _, count in found.held) == 10


def test_pictures_are_well_formed_named_and_coloured_by_attributes() -> None:
    """They show where styles are forbidden, and are read where nothing is seen."""
    pictures = drawn(damage.stranded_pending(facts(5), 3), **{"r1-000003": "there"})
    assert len(pictures) == 4
    for picture in pictures:
        root = ET.fromstring(picture)
        assert root.get("aria-label") or root.get("aria-labelledby")
        for shape in root.iter():
            assert "style" not in shape.attrib
            if shape.tag in ("path", "rect", "g") and shape.get("class") != "life":
                assert shape.get("fill"), picture
    latency = ET.fromstring(pictures[3])
    (link,) = latency.iter("a")
    assert link.get("href") == "#there"
    assert "r1-000003" in "".join(link.itertext())
    assert "never ended" in "".join(link.itertext())


def test_text_in_pictures_is_escaped() -> None:
    """Names come from outside."""
    assert "<b>" not in svg.text('<b>&"', 0, 0)
    assert "&lt;b&gt;" in svg.element("a", "<b>", href='"><script>')
    assert "<script" not in svg.element("a", href='"><script>')


def test_a_swim_lane_has_all_events_to_scale() -> None:
    """Each is a dot in its place's lane; what the final read found stands apart."""
    events = with_fault_at(damage.stranded_pending(facts(3), 2), 1000.0)
    result = judged(history(sealed(events)))
    (story,) = result.stories
    picture = str(swimlane.draw(story.events, result.faults))
    labels = re.findall(r">([^<]+)</text>", picture)
    assert {"client", "database", "at the end", "refuse-rabbitmq"} <= set(labels)
    numbers = {number for each in labels for number in _numbers(each)}
    assert numbers == set(range(1, len(story.events) + 1))
    assert picture.count("l6 6-6 6-6-6z") == sum(e.proof for e in story.events)
    assert swimlane.draw((), ()) == ""


def _numbers(label: str) -> Iterable[int]:
    """Return the events that a label of the swim-lane stands for."""
    if re.fullmatch(r"[\d, ]+", label):
        return map(int, label.split(","))
    if re.fullmatch(r"\d+–\d+", label):
        first, last = map(int, label.split("–"))
        return range(first, last + 1)
    return ()


def test_faults_at_the_same_time_have_their_names_below_each_other() -> None:
    """None lies on the other."""
    events = with_fault_at(facts(3), 1000.0)
    result = judged(history(sealed(damage.stranded_pending(events, 2))))
    (story,), (fault,) = result.stories, result.faults
    twice = (fault, msgspec.structs.replace(fault, name="kill-worker"))
    picture = ET.fromstring(str(swimlane.draw(story.events, twice)))
    lines = {each.text: each.get("y") for each in picture.iter("text")}
    assert (lines["refuse-rabbitmq"], lines["kill-worker"]) == ("13", "27")


def test_ten_faults_one_after_the_other_have_three_lines_for_their_names() -> None:
    """Some are not named here; all are shaded."""
    events = with_fault_at(facts(3), 1000.0)
    result = judged(history(sealed(damage.stranded_pending(events, 2))))
    (story,), (fault,) = result.stories, result.faults
    many = tuple(
        msgspec.structs.replace(
            fault, name=f"a long name of a fault {n}", confirmed=1.2 + n / 999
        )
        for n in range(10)
    )
    picture = str(swimlane.draw(story.events, many))
    names = re.findall(r'y="(\d+)">a long name', picture)
    assert set(names) == {"13", "27", "41"}
    shades = re.findall(r'class="f-shade"[^>]* d="([^"]*)"', picture)
    assert shades[0].count("M") == 10


def test_a_scale_clips_and_knows_logarithms() -> None:
    """From 10 ms to 10 s: three decades."""
    line = Scale(low=0, high=10, start=100, stop=200)
    assert (line(-1), line(5), line(11)) == (100, 150, 200)
    log = Scale(low=0.01, high=10, start=0, stop=300, log=True)
    assert (round(log(0.1)), round(log(1)), round(log(99))) == (100, 200, 300)
    assert Scale(low=1, high=1, start=5, stop=9)(1) == 5


def test_steps_say_only_what_a_pixel_shows() -> None:
    """The last value of each column, and the line goes on to the end."""
    x = Scale(low=0, high=10, start=0, stop=10)
    y = Scale(low=0, high=10, start=10, stop=0)
    points = [(0, 0), (2, 5), (2.1, 7), (3, 7), (6, 1)]
    assert svg.steps(points, x, y) == "M0 10h2v-7h4v6h4"
    assert svg.area(points, x, y) == "M0 10h2v-7h4v6h4V10H0Z"
    assert svg.steps(points, x, y, grid=4) == "M0 5h4v-2h4v6h2"
    assert svg.steps([], x, y) == svg.area([], x, y) == ""


def test_dots_on_the_same_place_are_drawn_once() -> None:
    """A coarse grid brings more of them together."""
    points = [(1.0, 2.0), (1.2, 2.1), (2.0, 2.0), (9.0, 0.0)]
    assert svg.dots(points) == "m1 2h0m1 0h0m7-2h0"
    assert svg.dots(points, grid=3) == "m0 3h0m3 0h0m6-3h0"


@pytest.mark.parametrize(
    ("high", "found"),
    [(0, [0]), (1, [0, 0.5, 1]), (7, [0, 5]), (96, [0, 50]), (41, [0, 20, 40])],
)
def test_ticks_are_round(high: float, found: list[float]) -> None:
    """They begin at zero and do not go beyond the end."""
    assert svg.ticks(high, about=2 if high < 41 or high > 90 else 3) == found
