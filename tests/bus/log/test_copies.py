"""Which of several copies of a stream is the odd one out."""

from __future__ import annotations

import pytest

from bus.log.copies import Copy, compare_copies, differing
from bus.log.event_log import EventLog

WHOLE = {0: b"a", 1: b"b", 2: b"c"}


def copy(node: str, digests: dict[int, bytes], messages: int = 250, problem: str = "") -> Copy:
    return Copy(node, messages, digests, problem)


@pytest.mark.parametrize(
    ("copies", "expected"),
    [
        ([copy("n1", WHOLE), copy("n2", WHOLE), copy("n3", WHOLE)], {}),
        (
            [copy("n1", WHOLE), copy("n2", {0: b"a", 1: b"?", 2: b"c"}, 249), copy("n3", WHOLE)],
            {"n2": "differs from message 100 on, with 249 messages in place of 250"},
        ),
        (
            [copy("n1", {0: b"a"}, 100, "behind message 99 nothing can be read"), copy("n2", WHOLE), copy("n3", WHOLE)],
            {"n1": "behind message 99 nothing can be read"},
        ),
        # Two lost the same: the third one has what there is.
        ([copy("n1", {}, 0), copy("n2", WHOLE)], {"n1": "differs from message 0 on, with 0 messages in place of 250"}),
        (
            [copy("n1", {0: b"x"}), copy("n2", {0: b"y"})],
            dict.fromkeys(("n1", "n2"), "no two copies are alike from message 0 on"),
        ),
        ([], {}),
    ],
)
def test_the_copy_that_differs_is_named(copies: list[Copy], expected: dict[str, str]) -> None:
    assert differing(copies) == expected


async def test_a_server_alone_has_nothing_to_compare(event_log: EventLog) -> None:
    nodes, differences = await compare_copies(event_log)
    assert (nodes <= 1, differences) == (True, [])
