"""This machine: its Debian packages, mirrors, proxies and pip settings.

It exists so that what differs from machine to machine is asked for in one place, at
run time, and no mirror or proxy is ever written into the project.
"""

import os
import platform
import re
import shutil
import subprocess
import sys

from harness.errors import StackNotReady

_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def is_debian() -> bool:
    """Say whether this is Debian, or something made of it, with apt."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    return "debian" in family and shutil.which("apt-get") is not None


def install_packages(packages: tuple[str, ...]) -> None:
    """Install Debian packages; raise StackNotReady with apt's own last words."""
    install = ("install", "--yes", "--no-install-recommends", *packages)
    try:
        _apt_get(*install)
    except StackNotReady:
        _apt_get("update")  # the lists were missing, or name versions that are gone
        _apt_get(*install)


def _apt_get(*arguments: str) -> None:
    quietly = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q")
    run(*quietly, "-o", "DPkg::Lock::Timeout=300", *arguments)


def debian_sources(suite: str) -> list[str]:
    """Return apt's lines for a suite of Debian, on the mirrors that this machine uses.

    Raises StackNotReady where apt knows no source of Debian's packages.
    """
    mirrors = _mirrors()
    if not mirrors and os.geteuid() == 0:
        _apt_get("update")  # apt knows a source's origin once it has its lists
        mirrors = _mirrors()
    if "Debian" not in mirrors:
        raise StackNotReady(
            "stand-ins are built from Debian's packages, and apt on this machine knows "
            "no source of them; give it one, or give the engine an image registry"
        )
    main = mirrors["Debian"]
    lines = [f"deb {main} {each} main" for each in (suite, f"{suite}-updates")]
    if security := mirrors.get("Debian-Security"):
        lines.append(f"deb {security} {suite}-security main")
    return lines


def _mirrors() -> dict[str, str]:
    """Return label -> address of the Debian repositories that apt knows."""
    said = run(
        "apt-get",
        "indextargets",
        "--format=$(LABEL) $(REPO_URI)",
        "Created-By: Packages",
        "Origin: Debian",
    )
    pairs = (line.split() for line in said.splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def apt_proxies() -> list[str]:
    """Return the proxies that apt on this machine is told to use, as apt options."""
    said = run("apt-config", "dump", "Acquire")
    return re.findall(r"^(Acquire::https?::Proxy.*);$", said, re.MULTILINE)


def proxies() -> dict[str, str]:
    """Return the proxies of our environment, for builds."""
    names = [*_PROXIES, *map(str.upper, _PROXIES)]
    return {name: os.environ[name] for name in names if name in os.environ}


def pip_settings() -> str:
    """Return, as a pip.conf, what this machine's pip is told about its index."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,  # a Python without pip has no settings of pip
    )
    found = {
        key.rpartition(".")[2]: value.strip("'\"")
        for key, _, value in (line.partition("=") for line in done.stdout.splitlines())
    }
    lines = [f"{key} = {found[key]}" for key in _PIP_SETTINGS if key in found]
    return "\n".join(["[global]", *lines, ""])


def run(*command: str) -> str:
    """Run a program and return what it says; raise StackNotReady when it fails."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise StackNotReady(f"`{' '.join(command)}` failed:\n{last_lines(done.stdout)}")
    return done.stdout


def last_lines(text: str, *, count: int = 12) -> str:
    """Return the end of a program's output, for an error message."""
    return "\n".join(text.strip().splitlines()[-count:])
