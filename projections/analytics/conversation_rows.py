"""Folds the facts of one conversation into its rows: the conversation's own, and those of its turns. Pure.

Only the newest turns are held. Of older ones it is known where they begin, so that a late fact can be joined to what
the log has of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from bus.events import CharacterChosen, ConversationCopied, ConversationOpened, Event
from bus.ids import person_hash
from projections.analytics.tables import ConversationRow, FailureRow, Row, TakeoverRow
from projections.analytics.turn_rows import TurnFold, trouble_row

HELD_TURNS = 4
"""Of each conversation."""


class ConversationFold:
    """The facts of one conversation so far."""

    def __init__(self, conversation: str) -> None:
        self.id = conversation
        self.turns: OrderedDict[str, TurnFold] = OrderedDict()
        self.first: dict[str, int] = {}
        """The sequence of the first fact of each turn, also of those that are not held."""
        self.seq = 0
        self._began = self._last = 0
        self._person = self._character = self._language = ""
        self._source: str | None = None
        self._copied = False
        self._touched: set[str] = set()
        self._troubles: list[FailureRow | TakeoverRow] = []

    @property
    def size(self) -> int:
        """A measure of the memory that this takes: facts held, and turns known."""
        return sum(turn.facts for turn in self.turns.values()) + len(self.first) // 4 + 1

    def lacks(self, event: Event) -> int | None:
        """The sequence from which on the log has to be read before this fact can be added; None: nothing is missing."""
        turn = event.turn
        return None if turn is None or turn in self.turns else self.first.get(turn)

    def restore(self, turn: str, facts: list[tuple[int, Event]]) -> None:
        """Take up a turn that is not held any more, from its facts so far."""
        fold = TurnFold(self.id, turn, facts[0][1].at, copied=self._copied)
        for seq, event in facts:
            fold.add(seq, event)
        self.turns[turn] = fold

    def add(self, seq: int, event: Event, *, copied: bool) -> None:
        """Take the next fact; one of a sequence that was added already changes nothing."""
        if seq <= self.seq:
            return
        self.seq = seq
        self._copied = self._copied or copied
        self._began, self._last = self._began or event.at, max(self._last, event.at)
        match event.body:
            case ConversationOpened() as body:
                self._person, self._character, self._language = body.person, body.character, body.language
            case CharacterChosen(character=character):
                self._character = character
            case ConversationCopied(source=source):
                self._source, self._copied = source, True
        if event.turn is None:
            trouble = trouble_row(seq, event, copied=self._copied)
            if trouble is not None:
                self._troubles.append(trouble)
            return
        turn = self.turns.get(event.turn)
        if turn is None:
            turn = self.turns[event.turn] = TurnFold(self.id, event.turn, event.at, copied=self._copied)
            self.first.setdefault(event.turn, seq)
        self.turns.move_to_end(event.turn)
        turn.add(seq, event)
        self._touched.add(event.turn)

    def forget_changes(self) -> None:
        """What was added so far has given its rows before."""
        self._touched.clear()
        self._troubles.clear()
        while len(self.turns) > HELD_TURNS:
            self.turns.popitem(last=False)

    def take_rows(self) -> Iterator[tuple[int, Row]]:
        """The rows of all that changed since this was asked last, each with the time by which it is filed: of the same
        key, always the same."""
        if not self.seq:
            return
        yield self._began, self._row()
        for trouble in self._troubles:
            yield trouble.began, trouble
        for name in sorted(self._touched):
            turn = self.turns[name]
            for row in turn.rows():
                yield turn.began, row
        self.forget_changes()

    def _row(self) -> ConversationRow:
        return ConversationRow(
            conversation=self.id, began=self._began, last=self._last, person=self._person and person_hash(self._person),
            character=self._character, language=self._language, turns=len(self.first), source=self._source,
            copied=self._copied, seq=self.seq,
        )  # fmt: skip
