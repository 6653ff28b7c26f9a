"""docs/settings.md follows the settings."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import msgspec
import pytest

from bus.errors import ConfigurationError
from bus.process.engines import choose_engine
from bus.settings import Settings, read_settings
from visavis.generate.settings_page import engine_names, main, render_page, variable_name


def row(name: str) -> list[str]:
    """The cells of this variable's row in the first table."""
    rows = [line for line in render_page().split("## Engines")[0].splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1, name
    return [cell.strip() for cell in rows[0].strip("|").split("|")]


def test_the_page_is_current() -> None:
    assert main(["--check"]) == 0


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Settings)])
def test_every_setting_is_on_the_page_with_its_docstring(field: str) -> None:
    assert row(variable_name(field))[3]


def test_defaults_and_ranges_are_on_the_page() -> None:
    assert row("VISAVIS_PORT")[1:3] == ["`8080`", "1 to 65535"]
    assert row("VISAVIS_VIDEO_SIZE")[1:3] == ["`512`", "128 to 960, a multiple of 16"]
    assert row("VISAVIS_AUDIO_BYTES")[1:3] == ["`4294967296` (4 GiB)", "1048576 (1 MiB) or more"]
    assert row("VISAVIS_NATS_URL")[1:3] == ["empty", "text"]


def test_the_ranges_on_the_page_are_enforced() -> None:
    assert read_settings({"VISAVIS_VIDEO_SIZE": "960"}).video_size == 960
    for wrong in ("112", "1040", "500"):
        with pytest.raises(ConfigurationError, match="VISAVIS_VIDEO_SIZE"):
            read_settings({"VISAVIS_VIDEO_SIZE": wrong})


@pytest.mark.parametrize("service", ["stt", "dialogue", "tts", "render"])
def test_engines_are_those_of_the_service(service: str) -> None:
    table = importlib.import_module(f"services.{service}.__main__").ENGINES
    names = ", ".join(engine_names(service))
    with pytest.raises(ConfigurationError, match="must be auto or one of") as refused:
        choose_engine(table, "no such engine", Settings(), setting="X")
    assert names in refused.value.detail


def test_a_page_that_is_not_current_is_named_and_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "settings.md"
    assert main(["--check"], target=target) == 1
    assert "is not current" in capsys.readouterr().err
    assert (main([], target=target), main(["--check"], target=target)) == (0, 0)


@pytest.mark.parametrize(
    "url", ["nats://127.0.0.1:port", "nats://127.0.0.1:99999", "http://127.0.0.1:4222", "nats://u:secret@", "a:1,:2"]
)
def test_an_address_of_nats_that_is_none_stops_the_program_in_one_line(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"VISAVIS_NATS_URL=.*expected nats://host:port") as refused:
        read_settings({"VISAVIS_NATS_URL": url})
    assert "secret" not in refused.value.detail


def test_addresses_of_nats_may_have_credentials_or_no_scheme() -> None:
    for url in ("127.0.0.1:4222", "nats://u:p@[::1]:4222", "tls://a.example,tls://b.example:4223", ""):
        assert read_settings({"VISAVIS_NATS_URL": url}).nats_url == url


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0.0/33", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "caddy", "caddy"),
        ("ORIGINS", "shop.example.org", "shop.example.org"),
        ("ORIGINS", "https://shop.example.org/page", "https://shop.example.org/page"),
        ("LLM_PRICES", "m=0.25/2, n=1", "n=1"),
    ],
)
def test_a_part_of_a_list_that_is_none_stops_the_program(name: str, value: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=f"VISAVIS_{name}: expected .*{re.escape(repr(wrong))}"):
        read_settings({f"VISAVIS_{name}": value})


def test_lists_may_have_spaces_networks_and_sockets() -> None:
    read = read_settings({
        "VISAVIS_TRUSTED_PROXIES": "10.0.0.0/8, ::1,unix:",
        "VISAVIS_ORIGINS": "https://shop.example.org, http://localhost:8080/",
        "VISAVIS_LLM_PRICES": "gpt-5-mini=0.25/2.00, openai/m:1=1/2",
    })  # fmt: skip
    assert read.trusted_proxies == "10.0.0.0/8, ::1,unix:"
