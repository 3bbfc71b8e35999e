"""The edge of the web: a real web process, and requests that nobody sends by design.

Only web runs here: what is asked for is stored and published, and nobody works on it.
"""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.services import Services, eventually
from tests.system import environment, manage, process

pytestmark = pytest.mark.engine

LANE = "edge"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
JOB = '{"type": "power", "argument": 1}'
JSON = {"Content-Type": "application/json"}
HTML = JSON | {"Accept": "text/html"}


@pytest.fixture(scope="module")
def url(services: Services) -> Iterator[str]:
    """Run web alone, with the tutorial's design and an admin named root."""
    services.add_lane(LANE)
    env = environment(services, LANE, "tutorial")
    root = {
        "DJANGO_SUPERUSER_USERNAME": "root",
        "DJANGO_SUPERUSER_PASSWORD": "a password of nobody",
        "DJANGO_SUPERUSER_EMAIL": "root@localhost",
    }
    manage("migrate", env=env)
    manage("createsuperuser", "--no-input", env=env | root)
    manage("collectstatic", "--no-input", "--ignore=redoc", env=env)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with process("gunicorn", "config.wsgi", f"--bind={address}", env=env):
        eventually(lambda: _answers(f"http://{address}/health/"))
        yield f"http://{address}"


@pytest.fixture(scope="module")
def staff(url: str) -> Iterator[requests.Session]:
    """Log in by the admin's own page."""
    with requests.Session() as session:
        session.get(f"{url}/admin/login/", timeout=10)
        form = {
            "username": "root",
            "password": "a password of nobody",
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        answer = session.post(f"{url}/admin/login/?next=/admin/", form, timeout=10)
        assert "Log out" in answer.text
        yield session


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


# --- odd requests -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ("", 400, "This field is required"),
        ("{", 400, "JSON parse error"),
        ("[]", 400, "Expected a dictionary"),
        ("null", 400, "No data provided"),
        ("\xff", 400, "JSON parse error"),
        ("[" * 90_000, 400, "nested too deeply"),
        (" " * 100_001, 413, "too large"),
        ('{"type": "\\ud800", "argument": 1}', 400, "half a character"),
        ('{"type": [{}], "argument": 1}', 400, "no type of job; there is power, fib"),
        ('{"type": "power", "argument": [1]}', 400, "A valid integer"),
        ('{"type": "power", "argument": true}', 400, "A valid integer"),
        ('{"type": "power", "argument": 1.5}', 400, "A valid integer"),
        ('{"type": "power", "argument": 1e400}', 400, "A valid integer"),
        ('{"type": "power", "argument": NaN}', 400, "JSON parse error"),
        ('{"type": "power", "argument": ' + "9" * 4000 + "}", 400, "from 0 to 62"),
        ('{"type": "power", "argument": ' + "9" * 9000 + "}", 400, "JSON parse error"),
        ('{"type": "power", "argument": 1, "key": [1]}', 400, "Not a valid string"),
        ('{"type": "power", "argument": 1, "key": "\\u0000"}', 400, "Null characters"),
    ],
)
@pytest.mark.parametrize("headers", [JSON, HTML], ids=["json", "html"])
def test_a_body_that_is_no_job_is_refused_with_the_reason(
    url: str, headers: dict[str, str], body: str, status: int, says: str
) -> None:
    """Clients and the browsable pages get a 4xx that says what is wrong."""
    sent = body.encode("latin-1")
    answer = requests.post(f"{url}/jobs/", sent, headers=headers, timeout=10)

    assert (answer.status_code, says in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"Content-Type": 'application/json; charset="UTF-8"'}, 201),
        ({"Content-Type": "application/json; charset=hex"}, 415),
        ({"Content-Type": "application/json; Charset = undefined"}, 415),
        ({"Content-Type": "application/json; charset*=bogus''%ff"}, 415),
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "/"}, 415),
        (JSON | {"Cookie": 'a="b\\"c"; sessionid=none-of-ours'}, 201),
        (JSON | {"Cookie": 'a=b; sessionid="abcdefghijkl\\000"'}, 400),
        (JSON | {"Accept": "image/png"}, 406),
        (JSON | {"Host": "elsewhere"}, 400),
    ],
)
def test_odd_headers_are_refused(
    url: str, headers: dict[str, str], status: int
) -> None:
    """Charsets that are none, cookies that no database takes: a 4xx, never a 500."""
    answer = requests.post(f"{url}/jobs/", JOB, headers=headers, timeout=10)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/?page=%00",
        "/jobs/?key=%00",
        "/jobs/?format=%00",
        "/jobs/1/?format=api",
        "/jobs/%F0%9D%9F%8F/",
        "/jobs/%ED%A0%80/",
        "/%ff/",
        "/static/%00",
        "/admin/jobs/job/?q=%00",
        "/admin/jobs/job/?status__exact=%00",
        "/admin/jobs/job/?id=" + "9" * 40,
        "/admin/jobs/job/" + "9" * 40 + "/change/",
        "/admin/jobs/job/?o=99&p=%00",
    ],
)
def test_odd_addresses_are_no_server_error(
    url: str, staff: requests.Session, path: str
) -> None:
    """Not even for somebody who is logged in."""
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = staff.request(method, url + path, headers=JSON, timeout=10)
        assert answer.status_code < 500, (method, answer.text)


def test_the_api_does_what_its_schema_says(url: str, tmp_path: Path) -> None:
    """Schemathesis finds no server error, nor an answer that the schema lacks."""
    program = Path(sys.executable).with_name("schemathesis")
    found = subprocess.run(
        [
            *(program, "run", f"{url}/schema/", f"--checks={','.join(CHECKS)}"),
            *("--phases=coverage,fuzzing", "--max-examples=30", "--seed=1"),
            *("--warnings=off", "--no-color"),
        ],
        cwd=tmp_path,  # it leaves a folder
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout


# --- pages --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/jobs/", "/schema/docs/", "/admin/login/"])
def test_a_page_needs_no_other_site(url: str, path: str) -> None:
    """Its scripts and styles are served from here, and it cannot be framed."""
    page = requests.get(url + path, headers={"Accept": "text/html"}, timeout=10)
    parts = re.findall(
        r"""<(?:script|link)[^>]* (?:src|href)=["']([^"']+)""", page.text
    )

    assert parts
    for part in parts:
        assert part.startswith("/"), part
        assert requests.get(url + part, timeout=10).ok
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_the_browsable_pages_form_creates_a_job(
    url: str, staff: requests.Session
) -> None:
    """Sent as browsers send it, by somebody who is logged in."""
    form = {"type": "power", "argument": "7", "key": ""}
    parts = {name: (None, value) for name, value in form.items()}
    answer = staff.post(
        f"{url}/jobs/",
        files=parts | {"csrfmiddlewaretoken": (None, staff.cookies["csrftoken"])},
        headers={"Accept": "text/html"},
        timeout=10,
    )

    assert answer.status_code == 201
    assert "&quot;argument&quot;: 7" in answer.text
    assert staff.post(f"{url}/jobs/", files=parts, timeout=10).status_code == 403


def test_the_admin_shows_jobs_and_changes_none(
    url: str, staff: requests.Session
) -> None:
    """Staff sees list and job; nobody can add, change or delete, nor look unasked."""
    job_id = requests.post(f"{url}/jobs/", JOB, headers=JSON, timeout=10).json()["id"]
    pages = f"{url}/admin/jobs/job"
    token = {"csrfmiddlewaretoken": staff.cookies["csrftoken"], "post": "yes"}

    assert f"/admin/jobs/job/{job_id}/change/" in staff.get(f"{pages}/").text
    page = staff.get(f"{pages}/{job_id}/change/").text
    assert "power" in page
    assert 'name="_save"' not in page
    for path in ("add", f"{job_id}/change", f"{job_id}/delete"):
        assert staff.post(f"{pages}/{path}/", token).status_code == 403
    assert "/admin/login/" in requests.get(f"{pages}/", timeout=10).url


# --- health -------------------------------------------------------------------------


def test_readiness_keeps_one_connection_and_mends_it(
    url: str, services: Services
) -> None:
    """Asked by many at once it says ready, over one connection, also a new one."""
    path = f"{url}/health/ready/"
    eventually(lambda: _answers(path))
    for _ in ("a new connection", "a connection that was cut"):
        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(lambda _: requests.get(path), range(24)))
        assert {answer.status_code for answer in answers} == {200}
        assert answers[0].json() == {
            "status": "ready",
            "services": {"postgres": "up", "rabbitmq": "up", "redis": "up"},
        }
        kept = services.query(
            "jobs",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND query = 'SELECT 1'",
            LANE,
        )
        assert kept == [(True,)]
