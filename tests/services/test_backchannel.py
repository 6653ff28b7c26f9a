"""Backchannels are recognised, and other short utterances are not."""

from __future__ import annotations

import pytest

from services.backchannel import is_backchannel


@pytest.mark.parametrize("text", ["mm-hm", "Mhm.", "uh-huh", "Okay, yeah.", "ja genau", "Ach so!", "hm hm hm"])
def test_these_are_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "...", "no", "stop", "okay stop", "yes yes yes yes", "ja aber", "what", "nein"])
def test_these_say_something(text: str) -> None:
    assert not is_backchannel(text)
