"""The browser that tests and the README's picture use: Debian's Chromium, headless."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# A container's root has no sandbox to give; and a browser that asks its maker for
# updates would be a request of ours.
ARGUMENTS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(Exception):
    """There is none here; the message says how to get it."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser. Raises NoBrowser."""
    try:
        from playwright import sync_api  # noqa: PLC0415 - it is in no lock
    except ImportError as error:
        raise NoBrowser("there is no Playwright here: make browser") from error
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise NoBrowser("there is no Chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()
