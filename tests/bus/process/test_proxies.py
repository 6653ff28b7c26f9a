"""Which proxy a URL is fetched through, and the one line about a proxy that cannot be used."""

from __future__ import annotations

import pytest

from bus.errors import ConfigurationError
from bus.process.proxies import is_private, proxy_for

REMOTE = "https://models.example.com/v1"


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.8.9.1", "[::1]", "::1", "10.1.2.3", "192.168.1.4", "172.20.0.1", "169.254.1.1",
     "100.100.1.1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "ollama", "box.local", "ai.lan", "a.localhost",
     "host.docker.internal", "LOCALHOST."],
)  # fmt: skip
def test_this_machine_and_private_networks_are_reached_directly(host: str) -> None:
    assert is_private(host)
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    assert proxy_for(f"http://{bracketed}:11434/v1", {"ALL_PROXY": "nonsense://"}) is None


@pytest.mark.parametrize("host", ["example.com", "8.8.8.8", "172.32.0.1", "2606:4700::1", "local.example.com"])
def test_other_hosts_are_not_private(host: str) -> None:
    assert not is_private(host)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://small:1", "HTTPS_PROXY": "http://capitals:2"}, "http://small:1"),
        ({"HTTP_PROXY": "http://proxy:3128"}, None),
        ({"ALL_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"ALL_PROXY": "", "HTTPS_PROXY": " "}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "other.com, example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*.example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "ample.com,models.example.com:8443"}, "http://proxy:3128"),
    ],
)
def test_the_proxy_is_the_one_that_the_environment_names(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(REMOTE, environment) == proxy


def test_a_network_may_be_excepted() -> None:
    assert proxy_for("http://8.8.8.8/v1", {"HTTP_PROXY": "http://proxy:1", "NO_PROXY": "8.8.0.0/16"}) is None


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:7890", "socks5"),
        ("ALL_PROXY", "socks4://127.0.0.1:7890", "socks4"),
        ("ALL_PROXY", "socks5://127.0.0.1:7890", "socksio"),
        ("https_proxy", "socks5h://127.0.0.1:7890", "socksio"),
        ("HTTPS_PROXY", "ftp://proxy:1", "ftp"),
        ("HTTPS_PROXY", "http://proxy:99999", "URL"),
        ("HTTPS_PROXY", "http://proxy:port", "URL"),
        ("HTTPS_PROXY", "http://", "host"),
        ("HTTPS_PROXY", "http://[::1", "URL"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_line_that_names_its_variable(variable: str, value: str, word: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(REMOTE, {variable: value}, find_module=lambda name: None)
    assert caught.value.detail.startswith(f"{variable}=")
    assert word in caught.value.detail
    assert "\n" not in caught.value.detail


def test_socks_is_used_where_its_package_is_installed() -> None:
    environment = {"ALL_PROXY": "socks5://127.0.0.1:7890"}
    assert proxy_for(REMOTE, environment, find_module=lambda name: object()) == "socks5://127.0.0.1:7890"


def test_the_password_of_a_proxy_is_not_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        proxy_for(REMOTE, {"ALL_PROXY": "socks4://me:secret@proxy:1"})
    assert "secret" not in caught.value.detail
