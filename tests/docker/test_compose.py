"""What docker/docker-compose.dgx.yml says, read as Compose reads it, without Docker."""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields

from bus.log.passwords import USERS, new_passwords, password_variable
from bus.settings import PREFIX, Settings
from visavis.ports import SERVICES_WITH_HEALTH_PORT

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
FILE = DOCKER / "docker-compose.dgx.yml"
CLUSTER = DOCKER / "docker-compose.cluster.yml"
HOST = DOCKER / "docker-compose.host.yml"
EXAMPLE = (DOCKER / "env.example").read_text()
ALWAYS = {"nats", "setup", "models", "gateway", "dialogue", "analytics", "caddy"}
OF_PROFILE = {
    "cpu": {"stt", "tts", "render"},
    "gpu": {"stt-gpu", "tts-gpu", "render-gpu"},
    "channels": {"channels"},
    "tracing": {"tracing"},
    "monitoring": {"prometheus", "grafana"},
    "turn": {"coturn"},
    "tls": {"caddy-tls"},
    "commands": {"visavis"},
}
ONCE = {"setup", "models", "visavis"}
"""They end."""
ROOT_WITHOUT_CAPABILITIES = {"nats", "caddy-tls"}
"""Their images have no other owner for the volume."""
SETTINGS = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)}
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


@functools.cache
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = importlib.import_module("yaml").safe_load(FILE.read_text())["services"]
    return found


def each(key: str) -> Iterator[tuple[str, str]]:
    """The entries of a list or a map that services may have, each with the name of its service."""
    yield from ((name, entry) for name, service in services().items() for entry in service.get(key, ()))


def by_default(text: str) -> str:
    """A text as Compose reads it where no variable is set."""
    return _VARIABLE.sub(lambda match: match[3] if match[2] == "-" else "", text)


def test_profiles_choose_what_they_say() -> None:
    found: dict[str, set[str]] = {}
    for name, service in services().items():
        for profile in service.get("profiles", ["always"]):
            found.setdefault(profile, set()).add(name)
    assert found.pop("always") == ALWAYS
    assert found == OF_PROFILE


@pytest.mark.parametrize("name", services())
def test_a_container_is_confined_and_watched(name: str) -> None:
    service = services()[name]
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")
    health = service["healthcheck"]
    assert health.get("disable", False) == (name in ONCE)
    assert name in ONCE or (health["test"] and health["retries"] and health["timeout"] and health["interval"])
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"] > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service.get("cap_add", ())) <= {"NET_BIND_SERVICE"}
    assert service["logging"]["options"]["max-size"]
    ours = service["image"].startswith("visavis-") or "STT_IMAGE" in service["image"]
    # Ours run as 10001, as test_images.py says; of the others the file says it.
    assert ours or name in ROOT_WITHOUT_CAPABILITIES or int(service["user"].split(":")[0]) > 0
    assert name in ONCE or not ours or service["stop_grace_period"]


def test_graphics_cards_are_reserved_by_the_profile_gpu_only() -> None:
    reserved = {name: service["deploy"]["resources"] for name, service in services().items() if "deploy" in service}
    assert reserved.keys() == OF_PROFILE["gpu"]
    device = {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert all(one == {"reservations": {"devices": [device]}} for one in reserved.values())
    assert {name: budget(name) for name in reserved} == {"render-gpu": 8 << 30, "tts-gpu": 4 << 30, "stt-gpu": 2 << 30}
    assert all(services()[name]["shm_size"] for name in reserved)


def budget(name: str) -> int:
    """The bytes of the graphics card that a service may take, unless docker/.env says otherwise."""
    variable = f"{PREFIX}{name.removesuffix('-gpu').upper()}_GPU_BYTES"
    return int(by_default(services()[name]["environment"][variable]))


def test_ports_are_those_of_the_documentation() -> None:
    published: dict[str, list[str]] = {}
    for name, port in each("ports"):
        published.setdefault(name, []).append(by_default(port))
    assert published == {
        "caddy": ["127.0.0.1:3000:3000"],
        "gateway": ["127.0.0.1:8080:8080", "0.0.0.0:40000-40049:40000-40049/udp"],
        "render": ["127.0.0.1:8081:8081"],
        "tts": ["127.0.0.1:8082:8082"],
        "stt": ["127.0.0.1:8083:8083"],
        "render-gpu": ["127.0.0.1:8081:8081"],
        "tts-gpu": ["127.0.0.1:8082:8082"],
        "stt-gpu": ["127.0.0.1:8083:8083"],
        "caddy-tls": ["0.0.0.0:80:8080", "0.0.0.0:443:8443"],
        "coturn": ["0.0.0.0:3478:3478", "0.0.0.0:3478:3478/udp"],
        "prometheus": ["127.0.0.1:9090:9090"],
        "grafana": ["127.0.0.1:3001:3001"],
    }  # fmt: skip
    # Inside, services keep to their own ports, and media has the same number on both sides: it is announced.
    for name, port in each("ports"):
        inside = port.removesuffix("/udp").rpartition(":")[2]
        if name in SERVICES_WITH_HEALTH_PORT:
            assert int(inside) == Settings().health_port(name)
    assert not {f"{PREFIX}PORT", *(f"{PREFIX}{name.upper()}_PORT" for name in SERVICES_WITH_HEALTH_PORT)} & passed()


def passed() -> set[str]:
    """The settings that any service is started with."""
    return {name for _, name in each("environment") if name.startswith(PREFIX)}


def test_every_setting_exists_and_each_service_has_its_own_user() -> None:
    assert passed() <= SETTINGS
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", FILE.read_text() + EXAMPLE)) <= SETTINGS
    for name, service in services().items():
        environment = service.get("environment", {})
        user = environment.get(f"{PREFIX}NATS_USER")
        if user is None:
            assert name == "nats" or not any("PASSWORD" in (value or "") for value in environment.values())
            continue
        role = name.removesuffix("-gpu")
        assert user == (role if role in USERS else "operator")
        assert environment[f"{PREFIX}NATS_PASSWORD"].startswith(f"${{{password_variable(user)}:?")


def test_every_setting_reaches_a_service_or_has_no_place_here() -> None:
    # Inside, ports are fixed; what `visavis up` starts or not, profiles start here; files have to be mounted first.
    ports = {"PORT", "NATS_PORT", *(f"{name.upper()}_PORT" for name in SERVICES_WITH_HEALTH_PORT)}
    of_up = {"LLM_FILE", "LLM_PORT", "ANALYTICS", "NATS_SYNC"}
    files = {"NATS_PASSWORDS", "NATS_TLS_CA", "NATS_TLS_CERT", "NATS_TLS_KEY", "TOOLS", "XTTS_MODEL", "KOKORO_MODEL",
             "RENDER_EXPRESSIONS"}  # fmt: skip
    assert SETTINGS - passed() == {f"{PREFIX}{name}" for name in ports | of_up | files}


def test_the_file_of_passwords_gets_into_no_commit_and_no_image() -> None:
    for name in (".gitignore", ".dockerignore"):
        assert "docker/.env" in (ROOT / name).read_text().splitlines()


def test_every_variable_is_in_the_example_or_has_a_default() -> None:
    variables = _VARIABLE.findall(FILE.read_text())
    passwords = {password_variable(user) for user in USERS}
    assert {name for name, how, _ in variables if how != "-"} == passwords
    in_example = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert {one for one in in_example if not one.startswith(("COMPOSE_", PREFIX))} <= {name for name, _, _ in variables}


def test_what_is_mounted_and_built_exists() -> None:
    volumes = set(importlib.import_module("yaml").safe_load(FILE.read_text())["volumes"])
    for name, volume in each("volumes"):
        source = by_default(volume).split(":")[0]
        assert source in volumes or (DOCKER / source).exists(), (name, volume)
        assert not source.startswith(".") or volume.endswith(":ro"), (name, volume)
    for service in services().values():
        if "build" in service:
            assert (DOCKER / service["build"]["context"] / by_default(service["build"]["dockerfile"])).is_file()


def test_what_others_wait_for_is_always_there() -> None:
    for name, service in services().items():
        for awaited, how in service.get("depends_on", {}).items():
            assert "profiles" not in services()[awaited] or services()[awaited]["profiles"] == service["profiles"], name
            ends = awaited in ONCE
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")
    grace = services()["gateway"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= Settings().drain_seconds + 10
    # All come after the one whose image they share is built.
    assert all("setup" in after(name) or name in ("setup", "visavis") for name in services() if is_ours(name))


def is_ours(name: str) -> bool:
    return bool(services()[name]["image"].startswith("visavis-gateway"))


def after(name: str) -> set[str]:
    """All that a service waits for."""
    direct = set(services()[name].get("depends_on", {}))
    return direct.union(*(after(one) for one in direct))


def test_prometheus_reads_the_same_processes_as_without_containers() -> None:
    load = importlib.import_module("yaml").safe_load
    (job,) = load((DOCKER / "prometheus/containers.yml").read_text())["scrape_configs"]
    targets = {one["labels"]["process"]: one["targets"] for one in job["static_configs"]}
    targets |= {one["names"][0]: [f"{one['names'][0]}:{one['port']}"] for one in job["dns_sd_configs"]}
    ports = {"gateway": Settings().port, **{name: Settings().health_port(name) for name in SERVICES_WITH_HEALTH_PORT}}
    assert targets == {name: [f"{name}:{port}"] for name, port in ports.items()}
    for name in OF_PROFILE["gpu"]:
        assert services()[name]["networks"]["default"]["aliases"] == [name.removesuffix("-gpu")]


def compose() -> list[str] | None:
    """The command of Docker Compose."""
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    ):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def configured(environment: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`docker compose config`, with a file of variables."""
    command = compose()
    if command is None:
        pytest.skip("Docker Compose is not installed")
    file = folder / "env"
    file.write_text(f"{environment}\nENV_FILE={file}\n")
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "DOCKER_HOST")}
    return subprocess.run(
        [*command, "--env-file", str(file), "-f", str(FILE), *arguments, "config"],
        env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_compose_takes_the_file_with_every_profile(tmp_path: Path) -> None:
    passwords = new_passwords()
    every = [word for profile in OF_PROFILE for word in ("--profile", profile)]
    done = configured(f"{EXAMPLE}\n{passwords}\n{PREFIX}LANGUGE=de", *every, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    read = importlib.import_module("yaml").safe_load(done.stdout)["services"]
    assert read.keys() == services().keys()
    assert read["gateway"]["environment"][f"{PREFIX}MEDIA_ADDRESS"] == "127.0.0.1"
    assert f"{PREFIX}NATS_PASSWORD" not in read["coturn"]["environment"]
    # A misspelt name reaches the two that say so, in the place of all others.
    told = {name for name, one in read.items() if f"{PREFIX}LANGUGE" in one.get("environment", ())}
    assert told == {"setup", "visavis"}


def test_compose_takes_the_file_with_three_nodes(tmp_path: Path) -> None:
    done = configured(f"{EXAMPLE}\n{new_passwords()}", "-f", str(CLUSTER), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    read = importlib.import_module("yaml").safe_load(done.stdout)["services"]
    environments = [service.get("environment", {}) for service in read.values()]
    clients = [one for one in environments if f"{PREFIX}NATS_USER" in one]
    assert {one[f"{PREFIX}NATS_URL"] for one in clients} == {"nats://nats:4222,nats://nats2:4222,nats://nats3:4222"}
    assert {one["NATS_NAME"] for one in environments if "NATS_NAME" in one} == {'"nats1"', '"nats2"', '"nats3"'}


def test_on_the_network_of_the_machine_no_port_is_published_twice() -> None:
    yaml = importlib.import_module("yaml")

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """Knows the tag by which Compose takes a value away."""

    Loader.add_constructor("!reset", lambda loader, node: "reset")
    changed = yaml.load(HOST.read_text(), Loader)["services"]
    assert changed.keys() <= services().keys()
    moved = {name for name, service in changed.items() if service.get("network_mode") == "host"}
    assert moved == {"gateway", "caddy", "caddy-tls", "coturn", "prometheus", "grafana"}
    assert all(changed[name]["ports"] == "reset" for name in moved)
    stay = [port for name in changed.keys() - moved for port in changed[name]["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in stay)
    assert changed["gateway"]["environment"].keys() <= SETTINGS
    # Everybody of those asks at the machine's own address.
    assert all("127.0.0.1" in by_default(changed[name]["environment"]["GATEWAYS"]) for name in ("caddy", "caddy-tls"))


@pytest.mark.parametrize(
    ("secret", "address", "why"),
    [
        ("", "192.0.2.1", "VISAVIS_TURN_SECRET"),
        ("too-short", "192.0.2.1", "VISAVIS_TURN_SECRET"),
        ("x" * 32, "", "VISAVIS_MEDIA_ADDRESS"),
        ("x" * 32, "127.0.0.1", "VISAVIS_MEDIA_ADDRESS"),
        ("x" * 32, "192.0.2.1,127.0.0.1", "VISAVIS_MEDIA_ADDRESS"),
        ("x" * 32, "my machine", "VISAVIS_MEDIA_ADDRESS"),
    ],
)
def test_a_relay_that_cannot_work_says_why(secret: str, address: str, why: str) -> None:
    environment = {"PATH": os.environ["PATH"], "VISAVIS_TURN_SECRET": secret, "VISAVIS_MEDIA_ADDRESS": address}
    start = ["sh", str(DOCKER / "coturn/start.sh")]
    done = subprocess.run(start, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert done.stderr.startswith(f"error: {why}")
    assert secret not in done.stderr or not secret


def test_a_relay_sends_to_the_addresses_of_the_gateway_and_ends_when_its_name_has_another_one(tmp_path: Path) -> None:
    commands = {
        "getent": f"cat {tmp_path}/hosts",
        "turnserver": f"echo $$ > {tmp_path}/pid; exec /bin/sleep 60",
        "sleep": "exec /bin/sleep 0.1",
    }
    for name, command in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{command}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "hosts").write_text("172.18.0.7     gateway\n")
    script = (DOCKER / "coturn/start.sh").read_text()
    local = tmp_path / "start.sh"
    local.write_text(script.replace("/tmp/", f"{tmp_path}/").replace("/etc/visavis", str(DOCKER / "coturn")))
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "VISAVIS_TURN_SECRET": "x" * 32,
        "VISAVIS_MEDIA_ADDRESS": "192.0.2.1,2001:db8::1,gateway",
    }
    relay = subprocess.Popen(["sh", str(local)], env=environment)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            relay.wait(0.5)  # the same address: it goes on
        allowed = [one for one in (tmp_path / "turnserver.conf").read_text().splitlines() if "allowed" in one]
        assert allowed == [f"allowed-peer-ip={one}" for one in ("192.0.2.1", "2001:db8::1", "172.18.0.7")]
        (tmp_path / "hosts").write_text("172.18.0.9     gateway\n")
        assert relay.wait(30) == 128 + signal.SIGTERM
    finally:
        relay.kill()


def test_without_passwords_compose_says_how_to_make_them(tmp_path: Path) -> None:
    done = configured(EXAMPLE, "--profile", "cpu", folder=tmp_path)
    assert done.returncode != 0
    assert "see docker/env.example" in done.stderr
