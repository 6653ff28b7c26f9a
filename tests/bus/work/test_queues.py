"""Property tests of the work queues and the peer state: any sequence of calls."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bus.events import Event, MessageReceived
from bus.work.peers import PeerMessage, PeerState
from bus.work.queues import WorkItem, WorkQueues

CONVERSATIONS = ("a", "b", "c")


def item(sequence: int, conversation: str) -> WorkItem:
    body = MessageReceived(message="m", text="x")
    event = Event(id=f"e{sequence}", at=1, conversation=conversation, body=body)
    unused: Any = None
    return WorkItem(event, sequence, unused, unused, 1, 0)


Arrivals = st.lists(st.integers(1, 60), unique=True).flatmap(
    lambda sequences: st.tuples(*(st.tuples(st.just(n), st.sampled_from(CONVERSATIONS)) for n in sequences))
)


@given(Arrivals, st.data())
def test_every_queue_gives_out_all_its_items_the_oldest_first(
    arrivals: tuple[tuple[int, str], ...], data: st.DataObject
) -> None:
    queues, coming = WorkQueues(), list(arrivals)
    waiting: dict[str, set[int]] = {}
    running: dict[str, WorkItem] = {}
    done: list[int] = []
    opened: set[str] = set()
    while coming or opened:
        acts = ["push"] * bool(coming) + sorted(opened)
        act = data.draw(st.sampled_from(acts))
        if act == "push":
            sequence, name = coming.pop()
            assert queues.push(item(sequence, name)) == (name not in opened)
            opened.add(name)
            waiting.setdefault(name, set()).add(sequence)
        else:  # the task that serves this queue goes on
            if act in running:
                queues.release(running[act])
                done.append(running.pop(act).sequence)
            first, taken = queues.peek(act), queues.pop(act)
            assert first is taken
            if taken is None:
                assert not waiting[act]
                opened.remove(act)
            else:
                assert taken.sequence == min(waiting[act])
                waiting[act].remove(taken.sequence)
                running[act] = taken
        held = {one for some in waiting.values() for one in some} | {one.sequence for one in running.values()}
        assert set(queues.held) == held
        assert len(queues) == len(opened)
    assert sorted(done) == sorted(sequence for sequence, _ in arrivals)


@given(st.integers(1, 9), st.lists(st.booleans(), min_size=2, max_size=6))
def test_a_requeued_item_is_not_confused_with_the_held_one(sequence: int, order: list[bool]) -> None:
    queues = WorkQueues()
    old, again = item(sequence, "a"), item(sequence, "a")
    queues.push(old)
    queues.push(again)
    queues.release(old)
    assert queues.held == {sequence: again}
    assert [queues.pop("a"), queues.pop("a"), queues.pop("a")] == [old, again, None]


LEASE = 5.0
Workers = st.sampled_from(("w1", "w2", "w3"))
Sequences = st.integers(1, 8)
Messages = st.one_of(
    st.builds(PeerMessage, worker=Workers, holds=st.lists(Sequences, unique=True).map(tuple)),
    st.builds(PeerMessage, worker=Workers, took=Sequences),
    st.builds(PeerMessage, worker=Workers, done=Sequences),
    st.builds(PeerMessage, worker=Workers, holds=st.just(()), new=st.just(True)),
    st.builds(PeerMessage, worker=Workers, leaves=st.just(True)),
)


@given(st.lists(st.tuples(st.floats(0, 4), Messages), max_size=40), st.floats(0, 10))
def test_the_peer_state_follows_the_last_message_of_each_worker(
    messages: list[tuple[float, PeerMessage]], later: float
) -> None:
    state, now = PeerState(LEASE), 0.0
    history: list[tuple[float, PeerMessage]] = []
    for pause, message in messages:
        now += pause
        state.apply(message, now)
        history.append((now, message))
    now += later
    alive = {
        message.worker for at, message in history if _last(history, message.worker) == at and now - at <= LEASE * 4 / 3
    }
    assert state.any_alive(now) == bool(alive)
    for sequence in range(1, 9):
        assert state.is_done(sequence) == any(message.done == sequence for _, message in history)
        assert state.any_holds(sequence, now) == any(_holds(history, worker, sequence) for worker in alive)


def _last(history: list[tuple[float, PeerMessage]], worker: str) -> float:
    return max(at for at, message in history if message.worker == worker)


def _holds(history: list[tuple[float, PeerMessage]], worker: str, sequence: int) -> bool:
    """Whether the newest message about this item says that the worker holds it."""
    for _, message in reversed([(at, message) for at, message in history if message.worker == worker]):
        if message.leaves or message.done == sequence:
            return False
        if message.took == sequence:
            return True
        if message.holds is not None:
            return sequence in message.holds
    return False


@settings(max_examples=5)
@given(st.integers(1, 6000))
def test_the_newest_done_items_are_remembered(count: int) -> None:
    state = PeerState(LEASE)
    for sequence in range(1, count + 1):
        state.mark_done(sequence)
    assert state.is_done(count)
    assert state.is_done(max(1, count - 4000))
    assert sum(state.is_done(sequence) for sequence in range(1, count + 1)) == min(count, 4096)
