"""`visavis keys`: made once, listed without secrets, revoked for good."""

from __future__ import annotations

import json

import pytest

from bus.errors import InvalidInput, NotFound
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.operator_key import operator_key
from bus.settings import Settings
from services.key_secrets import parse_key, secret_hash
from visavis import keys


async def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(
    event_log: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await keys.create(settings, " Ann's phone ", ("operator", "talk", "talk"), days=3) == 0
    key = capsys.readouterr().out.strip()
    parsed = parse_key(key)
    assert parsed is not None
    id_, secret = parsed
    await keys.create(settings, "Ben", ("talk",))
    capsys.readouterr()
    stored = b"".join([one.data async for one in event_log.read(streams.ACCESS, "access.*")])
    assert secret.encode() not in stored
    assert secret_hash(secret).encode() in stored
    await keys.show_list(settings, as_json=True)
    listed = json.loads(shown := capsys.readouterr().out)
    assert secret not in shown
    assert secret_hash(secret) not in shown
    assert [(one["id"] == id_, one["name"], one["scopes"], one["state"], one["used_at"]) for one in listed] == [
        (True, "Ann's phone", ["operator", "talk"], "holds", None), (False, "Ben", ["talk"], "holds", None)
    ]  # fmt: skip
    assert listed[0]["expires_at"] - listed[0]["created_at"] == pytest.approx(3 * 86_400e6, abs=60e6)
    await keys.revoke(settings, "Ann's phone")
    with pytest.raises(NotFound):
        await keys.revoke(settings, id_)
    capsys.readouterr()
    await keys.show_list(settings, as_json=False)
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["revoked", "holds"]
    for name in ("", "x" * 81, "\x1b[31mred"):
        with pytest.raises(InvalidInput):
            await keys.create(settings, name, ("talk",))
    await keys.create(settings, "Ben", ("talk",))
    with pytest.raises(InvalidInput, match="several keys"):
        await keys.revoke(settings, "Ben")
    capsys.readouterr()
    keys.show_operator_key(settings)
    assert capsys.readouterr().out.strip() == operator_key(settings)
