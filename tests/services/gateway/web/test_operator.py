"""The operator's key opens what other persons may not see, and nothing else does."""

from __future__ import annotations

import stat

import pytest

from bus.errors import ConfigurationError
from bus.process.operator_key import operator_key
from bus.settings import Settings
from services.gateway.web.sign_in import WRONG_KEYS
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.test_api import error_of


async def test_the_key_sets_a_cookie_that_is_not_the_key_and_leads_to_the_page(
    gateway: Running, settings: Settings
) -> None:
    key = operator_key(settings)
    answer = await gateway.client.get("/operator", params={"key": key})
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    cookies = [one.lower() for one in answer.headers.get_list("set-cookie")]
    (cookie,) = (one for one in cookies if one.startswith("visavis_session="))
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert key.lower() not in cookie
    wrong = ["", "wrong", key[:-1], f"{key}x", "ключ", "\ud83c".encode("utf-8", "replace").decode()]
    async with gateway.stranger() as stranger:
        for number, one in enumerate(wrong[:WRONG_KEYS]):
            refused = await stranger.get("/operator", params={"key": one})
            assert error_of(refused) == (403, "forbidden"), number
            assert "visavis_session" not in refused.headers.get("set-cookie", "")
        assert error_of(await stranger.get("/operator", params={"key": "wrong"})) == (429, "too_many_tries")
        assert (await stranger.get("/operator", params={"key": key})).status_code == 303


def test_the_key_is_made_once_and_for_the_owner_of_the_folder_only(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data") / "new"
    settings = Settings(data=str(folder))
    key = operator_key(settings)
    assert operator_key(settings) == key
    assert stat.S_IMODE((folder / "operator.key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["operator.key"]
    assert operator_key(Settings(data=str(tmp_path_factory.mktemp("other")))) != key
    (folder / "operator.key").write_text("short\n")
    with pytest.raises(ConfigurationError, match="holds no key"):
        operator_key(settings)
