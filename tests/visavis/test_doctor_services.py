"""What `visavis doctor` says of the running services and of their streams."""

from __future__ import annotations

from bus.log.event_log import EventLog
from bus.log.stream_size import StreamSize
from bus.process.discovery import ServiceInfo, announce, discover
from bus.settings import PREFIX
from visavis.doctor import check_clocks, check_retention, check_space, check_versions


def test_streams_that_soon_refuse_what_comes_are_remarks() -> None:
    sizes = [
        StreamSize("INBOX", 10, 85, 100, True),
        StreamSize("CONVERSATIONS", 10, 97_000_000, 100_000_000, True),
        StreamSize("OBJ_assets", 10, 79, 100, True),
        StreamSize("AUDIO", 10, 100, 100, False),  # drops its oldest messages, as it should
        StreamSize("PEOPLE", 10, 100, -1, True),
    ]
    refuses = "full, it refuses what comes"
    assert [(one.state, one.message, one.remedy) for one in check_space(sizes)] == [
        ("warning", "stream INBOX is 85 % full, 0 MB are left", f"raise {PREFIX}INBOX_BYTES: {refuses}"),
        ("warning", "stream CONVERSATIONS is 97 % full, 3 MB are left", f"raise its limit: {refuses}"),
    ]


def test_how_far_back_sound_reaches_is_said_where_its_bytes_come_before_its_days() -> None:
    full, half = StreamSize("AUDIO", 10, 4 << 30, 4 << 30, False), StreamSize("AUDIO", 10, 2 << 30, 4 << 30, False)
    (found,) = check_retention([full], 390.0, 30)
    assert found.state == "warning"
    assert "the last 6.5 minutes is kept, not of 30 days" in found.message
    assert f"raise {PREFIX}AUDIO_BYTES (30 days would take some 26,585 GB)" in (found.remedy or "")
    (found,) = check_retention([full], 7200.0, 30)
    assert "the last 2.0 hours" in found.message
    for size, oldest, days in ((half, 390.0, 30), (full, 31 * 86_400.0, 30), (full, None, 30)):
        assert check_retention([size], oldest, days) == []


def test_versions_that_run_side_by_side_are_named() -> None:
    one = [ServiceInfo(name="stt", id="1", version="0.1.0"), ServiceInfo(name="tts", id="2", version="0.1.0")]
    assert check_versions(one) == []
    (found,) = check_versions([*one, ServiceInfo(name="stt", id="3", version="0.2.0")])
    assert (found.state, found.message) == ("warning", "several run side by side, 0.1.0: stt, tts; 0.2.0: stt")


def test_clocks_that_differ_are_named_with_how_far_they_are_off() -> None:
    def process(name: str, ahead: float | None) -> ServiceInfo:
        return ServiceInfo(name=name, id=name, version="1", clock_ahead=ahead)

    agreeing = [process("stt", 0.1), process("dialogue", -0.3), process("old", None)]
    assert check_clocks(0.1, agreeing) == []
    (found,) = check_clocks(0.1, [*agreeing, process("gateway", -3600.0), process("tts", 15.0)])
    assert found.state == "warning"
    assert "gateway's 3600 s behind, tts's 15 s ahead" in found.message
    assert "stt" not in found.message
    # The doctor's own clock is off, and the services' are right.
    (own,) = check_clocks(-60.0, [process("stt", 60.0)])
    assert own.message.endswith("this machine's 60 s behind")


async def test_running_services_tell_how_far_their_clocks_are_off(event_log: EventLog) -> None:
    async with announce(event_log, "echo"):
        (found,) = await discover(event_log)
    assert found.clock_ahead is not None
    assert abs(found.clock_ahead) < 60  # it is the same clock
