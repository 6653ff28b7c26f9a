"""STUN and TURN servers: how they are written, their credentials, and media through a real TURN server."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from aiortc import RTCIceServer

from bus.errors import ConfigurationError
from services.gateway.ice.addresses import parse_media_addresses
from services.gateway.ice.configuration import IceConfiguration
from services.gateway.ice.servers import parse_ice_servers, turn_credentials


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", []),
        ("stun:s.example:3478", [RTCIceServer("stun:s.example:3478")]),
        ("stun:s.example, stun:[::1]:1", [RTCIceServer("stun:s.example"), RTCIceServer("stun:[::1]:1")]),
        ("turn:ann:p:w@x@t.example", [RTCIceServer("turn:t.example", "ann", "p:w@x")]),
        ("turn:ann:pw@t.example:1?transport=tcp", [RTCIceServer("turn:t.example:1?transport=tcp", "ann", "pw")]),
        ("turns:ann:pw@10.0.0.1:5349", [RTCIceServer("turns:10.0.0.1:5349", "ann", "pw")]),
    ],
)
def test_servers_are_read(setting: str, expected: list[RTCIceServer]) -> None:
    assert parse_ice_servers(setting).of("x") == expected


@pytest.mark.parametrize(
    ("setting", "secret", "why"),
    [
        ("http://x", "", "expected stun:host:port"),
        ("stun:", "", "expected"),
        ("stun:a:b", "", "expected"),
        ("stun:a:70000", "", "expected"),
        ("turn:a:1?transport=sctp", "s", "expected"),
        ("stun:a?transport=udp", "", "neither a user nor a transport"),
        ("stun:u:p@a", "", "neither a user nor a transport"),
        ("stun:a,turn:a:3478", "", "server 2 needs turn:user:password@host:port, or VISAVIS_TURN_SECRET"),
        ("turn:u@a", "", "expected"),
        ("stun:a", "s", "VISAVIS_TURN_SECRET is set, but VISAVIS_ICE_SERVERS has no turn:host:port without a user"),
        ("turn:u:p@a", "s", "VISAVIS_TURN_SECRET is set, but"),
    ],
)
def test_what_is_no_server_is_refused_by_the_name_of_the_setting(setting: str, secret: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_ice_servers(setting, secret)
    assert "VISAVIS_ICE_SERVERS" in refused.value.detail
    assert why in refused.value.detail


def test_neither_passwords_nor_the_secret_are_shown() -> None:
    for setting in ("turn:ann:hidden@a:b:c", "stun:ann:hidden@a", "turns:ann:hid:hidden@"):
        with pytest.raises(ConfigurationError) as refused:
            parse_ice_servers(setting, "hidden")
        assert "hid" not in refused.value.detail
    servers = parse_ice_servers("turn:ann:hidden@a,turn:a", "hidden")
    assert "hidden" not in repr(servers)
    assert "hidden" not in repr(servers.of("x")[1])


def test_credentials_are_those_that_coturn_computes() -> None:
    name, password = turn_credentials("north", "s1", now=1_700_000_000.9, hold=600)
    assert name == f"{1_700_000_600}:s1"
    # RFC 2104, as the server does it: base64(hmac-sha1(secret, name)).
    assert base64.b64decode(password) == hmac.digest(b"north", name.encode(), "sha1")
    assert hashlib.sha1().digest_size == len(base64.b64decode(password))


def test_each_session_gets_credentials_of_its_own_for_each_server_without_a_user() -> None:
    servers = parse_ice_servers("stun:a,turn:u:p@a,turn:a:1,turns:[::1]:2?transport=tcp", "s")
    stun, fixed, first, second = servers.of("s1")
    assert stun.username is None
    assert (fixed.username, fixed.credential) == ("u", "p")
    assert first.username == second.username
    assert str(first.username).endswith(":s1")
    assert first.credential != servers.of("s2")[2].credential
    assert [one.urls for one in servers.own("s1")] == ["stun:a", "turn:a", "turn:a:1"]


def test_a_gateway_that_announces_addresses_asks_no_relay_for_itself() -> None:
    servers = parse_ice_servers("stun:a,turn:u:p@a,turns:u:p@b")
    assert [one.urls for one in IceConfiguration(servers).own_servers("s")] == ["stun:a", "turn:a", "turns:b"]
    announced = IceConfiguration(servers, addresses=parse_media_addresses("203.0.113.7"))
    assert [one.urls for one in announced.own_servers("s")] == ["stun:a"]
    assert len(announced.servers.of("s")) == 3  # which browsers are told
