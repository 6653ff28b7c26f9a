"""The exit status and the error message of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bus.errors import BusError, ConfigurationError
from bus.process.lifecycle import EXIT_CONFIGURATION, run_process
from bus.settings import Settings


def run_quietly(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """`run_process` that leaves the logging of the tests as it is."""
    return run_process(work, set_up_logging=lambda level: None)


async def fails(error: Exception) -> None:
    raise error


async def fails_in_a_group(error: Exception) -> None:
    async with asyncio.TaskGroup() as outer:

        async def inner() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(fails(error))

        outer.create_task(inner())


@pytest.mark.parametrize("work", [fails, fails_in_a_group])
@pytest.mark.parametrize(
    ("error", "status"), [(ConfigurationError("no port"), EXIT_CONFIGURATION), (BusError("no server"), 1)]
)
def test_an_expected_failure_is_one_line_and_an_exit_status(
    work: object, error: Exception, status: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISAVIS_PORT", raising=False)

    async def run(settings: Settings) -> None:
        await work(error)  # type: ignore[operator]

    assert run_quietly(run) == status
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_bug_is_not_hidden() -> None:
    async def run(settings: Settings) -> None:
        await fails_in_a_group(ValueError("a bug"))

    with pytest.raises(ExceptionGroup):
        run_quietly(run)


def test_a_wrong_setting_is_reported_before_the_work_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISAVIS_PROT", "1")
    done: list[Settings] = []

    async def run(settings: Settings) -> None:
        done.append(settings)

    assert run_quietly(run) == EXIT_CONFIGURATION
    assert "did you mean VISAVIS_PORT?" in capsys.readouterr().err
    assert done == []


def test_success_is_exit_status_0() -> None:
    async def run(settings: Settings) -> None:
        return

    assert run_quietly(run) == 0
