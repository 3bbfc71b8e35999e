"""A lane's name is for people; its id is legal wherever a lane needs a name."""

import re
from pathlib import Path

import pytest

from harness.stack.blueprint import Blueprint, environment_of
from harness.stack.compose import read_compose
from harness.stack.lane_plan import LanePlan
from harness.stack.link import plan_links
from harness.stack.versions import Celery

PROJECT = Path(__file__).parents[3]
OTHER = Celery(version="5.6.3", kombu="5.7.0")


@pytest.mark.parametrize(
    ("plan", "name"),
    [
        (LanePlan(design="late_ack"), "late_ack"),
        (LanePlan(design="late_ack", number=2), "late_ack-2"),
        (LanePlan(design="late_ack", celery=Celery(version="5.6.3")), "late_ack@5.6.3"),
        (LanePlan(design="a", celery=OTHER, number=3), "a@5.6.3+kombu5.7.0-3"),
    ],
)
def test_a_lane_is_called_by_its_design_and_its_celery(
    plan: LanePlan, name: str
) -> None:
    """A design's only lane has the design's own name, here and for engines."""
    assert plan.name == name
    # Docker's rule for a container's name, the strictest of all.
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", f"x-{plan.id}-web")
    if name == plan.design:
        assert plan.id == name


def test_no_two_lanes_have_one_id() -> None:
    """What is lost in an id was no part of a design's name."""
    plans = [
        LanePlan(design=design, celery=celery, number=number)
        for design in ("a", "a_2")
        for celery in (None, Celery(version="5.6.3"), OTHER)
        for number in (1, 2)
    ]
    assert len({plan.id for plan in plans}) == len({plan.name for plan in plans}) == 12


def test_a_lane_runs_its_design_in_places_of_its_own() -> None:
    """DESIGN is the design's name; vhost, databases and links are the lane's."""
    compose = read_compose(PROJECT / "compose.yaml", {})
    plans = tuple(
        LanePlan(design="late_ack", celery=celery) for celery in (None, OTHER)
    )
    environment = compose.services["worker"].environment
    services = ("postgres", "rabbitmq", "redis")
    links = plan_links({"worker": environment}, services, [each.id for each in plans])
    blueprint = Blueprint(
        compose=compose,
        services=services,
        roles=("worker",),
        lanes=plans,
        images={"worker": "own"},
        other_images={("worker", OTHER): "other"},
        links=links,
    )
    first, second = (environment_of(blueprint, each, "worker") for each in plans)
    assert {first["DESIGN"], second["DESIGN"]} == {"late_ack"}
    for url, paths in {
        "BROKER_URL": ("late_ack", "late_ack-5.6.3-kombu5.7.0"),
        "DATABASE_URL": ("late_ack", "late_ack-5.6.3-kombu5.7.0"),
        "REDIS_URL": ("1", "2"),
    }.items():
        ends = [each[url].rpartition("/")[2] for each in (first, second)]
        assert ends == list(paths)
        assert first[url].rpartition("/")[0] != second[url].rpartition("/")[0]
    images = [blueprint.image_of(each, "worker") for each in plans]
    assert images == ["own", "other"]
