"""The images, read and not built: who they run as, what they are made from, and what their entry points start."""

from __future__ import annotations

import fnmatch
import http.server
import os
import re
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bus.settings import Settings, read_settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
ENTRYPOINT = DOCKER / "entrypoint.sh"
HEALTHCHECK = DOCKER / "healthcheck.sh"
FILES = sorted(DOCKER.glob("*/Dockerfile*"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONSTRAINTS = (ROOT / "constraints.txt").read_text().lower().splitlines()
SERVICES = {
    path.parent.name: f"{layer}.{path.parent.name}"
    for layer in ("services", "projections")
    for path in (ROOT / layer).glob("*/__main__.py")
}
"""Name and module of each process that belongs to a system."""

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(DOCKER)))


def instructions(file: Path) -> list[tuple[str, str]]:
    """Name and text of each instruction, its lines joined and comments left out."""
    lines = [line for line in file.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(line.split()[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


def last(file: Path, name: str) -> str:
    return [text for one, text in instructions(file) if one == name][-1]


def copied(file: Path) -> Iterator[str]:
    """What comes from the checkout."""
    for name, text in instructions(file):
        if name == "COPY" and not text.startswith("--from"):
            yield from (source.rstrip("/") for source in text.split()[:-1])


def is_sent(path: str) -> bool:
    """Whether a path of the checkout is sent to the builder, by .dockerignore: the last rule that fits decides."""
    sent = True
    for rule in (ROOT / ".dockerignore").read_text().splitlines():
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("**/")
        anywhere = rule.startswith("**/")
        parts = path.split("/")
        whole = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        if any(fnmatch.fnmatch(one, pattern) for one in (parts if anywhere else whole)):
            sent = rule.startswith("!")
    return sent


def test_every_image_has_its_file() -> None:
    names = ["gateway/Dockerfile", "liveportrait/Dockerfile", "liveportrait/Dockerfile.arm64"]
    assert [str(file.relative_to(DOCKER)) for file in FILES] == [*names, "whisper/Dockerfile", "xtts/Dockerfile"]


@each_file
def test_a_base_is_an_argument_with_a_tag_so_that_a_digest_can_take_its_place(file: Path) -> None:
    defaults: dict[str, str] = {}
    stages: list[str] = []
    for name, text in instructions(file):
        if name == "ARG" and not stages:
            argument, default = text.split("=", 1)
            defaults[argument] = default
        elif name == "FROM":
            base, *rest = text.split()
            stages.append(rest[1] if rest else "")
            assert re.fullmatch(r"\w+:\d[\w.-]+", defaults[base.removeprefix("${").removesuffix("}")])
    assert stages[-1] == ""
    assert len(stages) > 2


@each_file
def test_an_image_runs_as_nobody_special_says_how_it_is_and_ends_when_told(file: Path) -> None:
    assert last(file, "USER") == "10001:10001"
    steps = [name for name, _ in instructions(file)]
    assert "RUN" not in steps[steps.index("USER") :]
    assert last(file, "HEALTHCHECK").endswith('CMD ["healthcheck.sh"]')
    assert last(file, "STOPSIGNAL") == "SIGTERM"
    assert last(file, "ENTRYPOINT").startswith('["tini", "--", "/usr/local/bin/')
    assert last(file, "VOLUME") == '["/data", "/models"]'
    assert "--mount" not in file.read_text()  # which needs a newer builder than some machines have
    assert "ADD" not in steps


@each_file
def test_an_image_takes_only_files_that_are_here_and_sent_to_the_builder(file: Path) -> None:
    sources = list(copied(file))
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not is_sent(source)] == []
    # Packages first: a layer of gigabytes must not be made anew for a line of code.
    assert sources.index("constraints.txt") < sources.index("bus")


def test_what_is_private_or_large_never_reaches_a_builder() -> None:
    kept = [".git", ".venv/bin/python", ".setup/models", "data/nats", "passwords.env", "docker/.env", "docs/tour.md"]
    kept += ["ui/avatar-chat/node_modules/react", "ui/avatar-chat/dist/index.html", "bus/__pycache__/ids.pyc"]
    assert [path for path in kept if is_sent(path)] == []


@each_file
def test_settings_and_ports_of_an_image_are_those_of_visavis(file: Path) -> None:
    environment = dict(pair.split("=", 1) for pair in last(file, "ENV").split())
    settings = read_settings({name: value for name, value in environment.items() if name.startswith("VISAVIS_")})
    assert (settings.data, settings.models, settings.health_host) == ("/data", "/models", "0.0.0.0")
    service = last(file, "CMD").strip('[]"')
    first = last(file, "EXPOSE").split()[0]
    assert int(first) == (settings.port if service == "gateway" else getattr(settings, f"{service}_port"))


@each_file
def test_packages_of_an_image_are_those_of_the_project_in_their_pinned_versions(file: Path) -> None:
    text = file.read_text()
    extras = {name for found in re.findall(r"(?:EXTRAS=|extra=|\.\[)([\w,-]+)", text) for name in found.split(",")}
    assert extras <= set(PYPROJECT["optional-dependencies"])
    assert "-c constraints.txt" in text
    for package in re.findall(r"\bnvidia-[a-z0-9-]+", text):
        assert any(line.startswith(f"{package}==") for line in CONSTRAINTS), package


def test_the_requirements_of_the_face_are_the_extra_of_the_project() -> None:
    lines = (DOCKER / "liveportrait" / "requirements.txt").read_text().splitlines()
    wanted = PYPROJECT["optional-dependencies"]["liveportrait"]
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(wanted)


def test_the_two_images_of_the_face_differ_in_what_checks_torch_only() -> None:
    def steps(name: str) -> list[tuple[str, str]]:
        return [one for one in instructions(DOCKER / "liveportrait" / name) if one[0] != "LABEL"]

    common, arm64 = steps("Dockerfile"), steps("Dockerfile.arm64")
    assert [one for one in arm64 if one in common] == common
    assert [name for name, text in arm64 if (name, text) not in common] == ["ARG", "RUN"]


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs a script where `python` and `visavis` print their arguments."""
    for program in ("python", "visavis"):
        (tmp_path / program).write_text(f'#!/bin/sh\necho {program} "$@"\n')
        (tmp_path / program).chmod(0o755)
    return Runner({"PATH": f"{tmp_path}:{os.environ['PATH']}"})


class Runner:
    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __call__(self, script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, *arguments], env={**self._environment, **environment}, capture_output=True, text=True, check=False
        )


def test_the_entry_point_starts_exactly_the_services_that_exist(run: Runner) -> None:
    named = re.findall(r"^    ([a-z |]+)\) module=", ENTRYPOINT.read_text(), re.MULTILINE)
    assert {name for group in named for name in group.split(" | ")} == set(SERVICES)
    for entrypoint in (ENTRYPOINT, DOCKER / "liveportrait" / "entrypoint.sh"):
        for name, module in SERVICES.items():
            assert run(entrypoint, name, VISAVIS_NATS_URL="nats://nats").stdout == f"python -m {module}\n"


def test_the_entry_point_passes_all_else_to_the_command(run: Runner) -> None:
    assert run(ENTRYPOINT, "models", "list").stdout == "visavis models list\n"
    assert run(ENTRYPOINT, "up").stdout == "visavis up\n"
    assert run(ENTRYPOINT).stdout == "visavis\n"


def test_a_service_without_nats_or_with_arguments_says_so_and_is_not_started(run: Runner) -> None:
    done = run(ENTRYPOINT, "stt")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith("error: VISAVIS_NATS_URL is not set: stt needs a NATS server")
    assert done.stderr.count("\n") == 1
    done = run(ENTRYPOINT, "stt", "now", VISAVIS_NATS_URL="nats://nats")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: stt takes no arguments, got: now\n")


def test_the_health_check_knows_the_ports_of_the_settings() -> None:
    ports = dict(re.findall(r"VISAVIS_(\w*PORT):-(\d+)", HEALTHCHECK.read_text()))
    settings = Settings()
    assert all(int(port) == getattr(settings, name.lower()) for name, port in ports.items())
    assert set(ports) == {"PORT", *(f"{name.upper()}_PORT" for name in SERVICES if hasattr(settings, f"{name}_port"))}


@contextmanager
def answering(status: int, text: str) -> Iterator[str]:
    """A server that answers /readyz; gives its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()


def command_file(folder: Path, *arguments: str) -> str:
    words = ("docker-init", "--", "tini", "--", "/usr/local/bin/entrypoint.sh", *arguments)
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    return str(folder / "cmdline")


def test_a_container_is_healthy_once_its_service_is_ready(run: Runner, tmp_path: Path) -> None:
    with answering(200, "ok") as port:
        for service, environment in (
            ("stt", {"VISAVIS_STT_PORT": port}),
            ("up", {"VISAVIS_PORT": port, "VISAVIS_HOST": "0.0.0.0"}),
        ):
            done = run(HEALTHCHECK, command_file(tmp_path, service), **environment)
            assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    with answering(503, "reading the log") as port:
        done = run(HEALTHCHECK, command_file(tmp_path, "gateway"), VISAVIS_PORT=port)
        assert (done.returncode, done.stdout) == (1, "reading the log\n"), done.stderr
    assert run(HEALTHCHECK, command_file(tmp_path, "gateway"), VISAVIS_PORT=port).returncode == 1  # nobody listens


def test_what_has_no_port_is_healthy_while_it_runs(run: Runner, tmp_path: Path) -> None:
    for arguments in (["analytics"], ["doctor"], []):
        assert run(HEALTHCHECK, command_file(tmp_path, *arguments)).returncode == 0
    assert run(HEALTHCHECK, command_file(tmp_path, "tts"), VISAVIS_TTS_PORT="0").returncode == 0
