"""Keeps the links of people in memory, as they are on the log. The gateway and the channels have one each."""

from __future__ import annotations

from bus import codec, subjects
from bus.log import streams
from bus.log.event_log import EventLog, Record
from projections.people import People
from projections.stream_reader import StreamReader


class PeopleReader(StreamReader):
    """Follows the stream `PEOPLE`, and has its links."""

    stream = streams.PEOPLE
    subject = subjects.ALL_LINKS

    def __init__(self, event_log: EventLog, *, timeout: float = 8.0) -> None:
        super().__init__(event_log, timeout=timeout)
        self.people = People()

    def apply(self, record: Record) -> None:
        self.people.apply(record.sequence, codec.decode_link_event(record.data))

    def reset(self) -> None:
        self.people = People()
