"""Recordings come from WhatsApp's hosts only, whole, and the token goes nowhere else."""

from __future__ import annotations

import logging
import random

import pytest

from bus.errors import VisavisError
from services.channels.whatsapp.adapter import WhatsApp
from services.channels.whatsapp.graph_api import GraphApi, Media
from services.channels.whatsapp.media import _matches, allowed
from tests.services.channels.whatsapp_double import GraphDouble
from tests.services.channels.whatsapp_world import File

DATA = random.Random(1).randbytes(300_000)


async def fetched(channel: WhatsApp, media: str) -> bytes:
    return b"".join([piece async for piece in channel.fetch(media)])


def kept(double: GraphDouble) -> str:
    return double.keep(File(DATA, "audio/ogg; codecs=opus"))


def downloads(double: GraphDouble) -> int:
    return sum("/attachments/" in url for _, url, _ in double.calls)


async def test_a_recording_comes_whole(double: GraphDouble, channel: WhatsApp) -> None:
    assert await fetched(channel, kept(double)) == DATA
    assert all(headers["authorization"] == f"Bearer {double.token}" for _, _, headers in double.calls)


async def test_an_address_that_no_longer_holds_is_asked_for_again_once(double: GraphDouble, channel: WhatsApp) -> None:
    double.fault("expired", on="download")
    assert await fetched(channel, kept(double)) == DATA
    double.fault("expired", on="download", times=2)
    with pytest.raises(VisavisError) as gone:
        await fetched(channel, kept(double))
    assert (gone.value.code, gone.value.retryable, downloads(double)) == ("media_gone", False, 4)


@pytest.mark.parametrize(
    ("kind", "on", "code", "retryable"),
    [
        ("damaged", "download", "media_damaged", True),
        ("drop_before", "download", "media_lost", True),
        ("html", "download", "media_refused", True),
        ("redirect", "download", "media_redirected", False),
        ("drop_before", "where", "unavailable", True),
        ("html", "where", "unavailable", True),
        ("foreign", "where", "media_address", False),
    ],
)
async def test_each_failure_says_whether_another_try_can_help(
    double: GraphDouble, channel: WhatsApp, kind: str, on: str, code: str, retryable: bool
) -> None:
    double.fault(kind, on=on)
    with pytest.raises(VisavisError) as failed:
        await fetched(channel, kept(double))
    assert (failed.value.code, failed.value.retryable) == (code, retryable)
    assert await fetched(channel, kept(double)) == DATA


async def test_refusals_of_hosts_and_redirects_are_logged_as_errors(
    double: GraphDouble, channel: WhatsApp, caplog: pytest.LogCaptureFixture
) -> None:
    for kind, on in (("foreign", "where"), ("redirect", "download")):
        double.fault(kind, on=on)
        with pytest.raises(VisavisError):
            await fetched(channel, kept(double))
    errors = [record for record in caplog.records if record.levelno == logging.ERROR and "refused" in record.msg]
    assert [vars(record)["host"] for record in errors] == ["media.example.net", "127.0.0.1"]
    assert downloads(double) == 1  # none of the foreign host, and no second one after the redirect


async def test_what_is_not_there_is_refused_for_good(double: GraphDouble, channel: WhatsApp) -> None:
    with pytest.raises(VisavisError, match="does not exist") as refused:
        await fetched(channel, "77")
    assert not refused.value.retryable


async def test_an_id_that_is_none_is_not_asked_for(double: GraphDouble, channel: WhatsApp) -> None:
    for media in ("../me", "1?x=2", ""):
        with pytest.raises(VisavisError, match="expected an id of a recording"):
            await fetched(channel, media)
    assert double.calls == []


ADDRESSES = [
    ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True),
    ("https://lookaside.fbsbx.com:443/x", True),
    ("https://graph.facebook.com/v26.0/1", True),
    ("http://lookaside.fbsbx.com/x", False),
    ("https://lookaside.fbsbx.com:8443/x", False),
    ("https://lookaside.fbsbx.com./x", False),
    ("https://lookaside.fbsbx.com.example.net/x", False),
    ("https://example.net/lookaside.fbsbx.com", False),
    ("https://me@lookaside.fbsbx.com/x", False),
    ("https://lookaside.fbsbx.com@example.net/x", False),
    ("http://127.0.0.1:80/x", False),
    ("http://localhost/x", False),
    ("http://169.254.169.254/latest", False),
    ("file:///etc/passwd", False),
    ("", False),
    ("https://[", False),
    ("https://lookaside.fbsbx.com:https/x", False),
]


@pytest.mark.parametrize(("address", "fits"), ADDRESSES)
async def test_the_token_goes_to_whatsapps_hosts_only(address: str, fits: bool) -> None:
    api = GraphApi("https://graph.facebook.com/v26.0", "secret", "1", environment={})
    if fits:
        assert allowed(api, address).host in ("lookaside.fbsbx.com", "graph.facebook.com")
    else:
        with pytest.raises(VisavisError) as refused:
            allowed(api, address)
        assert refused.value.code == "media_address"
    await api.close()


def test_digests_come_in_hex_and_in_base64() -> None:
    media = Media(id="1", url="", sha256="N4xtbdUFVZg/rWTzQ4hMZ7g0Wz/8ZZw7Oq6h1YC6E8E=")
    digest = bytes.fromhex("378c6d6dd50555983fad64f343884c67b8345b3ffc659c3b3aaea1d580ba13c1")
    assert _matches(media.sha256 or "", digest)
    assert _matches(digest.hex().upper(), digest)
    assert not _matches(digest.hex()[:-1] + "0", digest)
