"""Links follow from the URLs in compose.yaml."""

from harness.stack.link import plan_links, reroute

SERVICES = ["postgres", "rabbitmq"]
ENVIRONMENTS = {
    "web": {
        "DATABASE_URL": "postgres://u:p@postgres:5432/jobs",
        "BROKER_URL": "amqp://u:p@rabbitmq:5672/one",
        "SECRET_KEY": "http://elsewhere:1/not-a-service",
        "DEBUG": "0",
    },
    "worker": {"BROKER_URL": "amqp://u:p@rabbitmq:5672/one"},
}


def test_every_role_and_service_of_every_lane_has_a_link_of_its_own() -> None:
    """A fault can then cut one of them and no other."""
    links = plan_links(ENVIRONMENTS, SERVICES, ["a", "b"])

    assert [link.proxy.name for link in links] == [
        "a.web.postgres",
        "a.web.rabbitmq",
        "a.worker.rabbitmq",
        "b.web.postgres",
        "b.web.rabbitmq",
        "b.worker.rabbitmq",
    ]
    assert len({link.port for link in links}) == len(links)


def test_a_url_is_rerouted_with_its_credentials_and_query() -> None:
    """Only host, port and path change: the lane's own path through its own proxy."""
    links = plan_links(ENVIRONMENTS, SERVICES, ["a"])
    amqp = next(link for link in links if link.proxy.name == "a.web.rabbitmq")

    rerouted = reroute(
        "amqp://u:p%40s@rabbitmq:5672/one?heartbeat=4",
        [amqp],
        path="a",
        host="toxiproxy",
    )

    assert rerouted == f"amqp://u:p%40s@toxiproxy:{amqp.port}/a?heartbeat=4"


def test_what_is_no_url_of_a_service_stays_as_it_is() -> None:
    """A secret that looks like a URL is not touched."""
    links = plan_links(ENVIRONMENTS, SERVICES, ["a"])

    assert reroute("http://elsewhere:1/x", links, path="a", host="t") == (
        "http://elsewhere:1/x"
    )
    assert reroute("plain", links, path="a", host="t") == "plain"
