"""The audio packets and video frames that are sent with each tick."""

from __future__ import annotations

from collections.abc import Iterator

from bus.events import AudioOut, FrameBatch, SpeechStarted
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playout import Playout, PlayoutFinished, PlayoutProgress, PlayoutStarted, Tick

IDLE = IdleLoop("ada", "v1", tuple(b"i%d" % n for n in range(40)), (0, 10, 20, 30))


def speech(name: str = "a", reply: str = "r", index: int = 0) -> SpeechStarted:
    return SpeechStarted(speech=name, reply=reply, index=index, character="ada", voice="v", engine="e")


def audio(name: str, index: int, count: int, start: int = 0, *, final: bool = False) -> AudioOut:
    packets = tuple(b"%s%d" % (name.encode(), start + offset) for offset in range(count))
    return AudioOut(
        conversation="c", speech=name, index=index, sample=960 * start, packets=packets, final=final
    )


def frames(name: str, index: int, first: int, count: int, *, phase: int = 3, final: bool = False) -> FrameBatch:
    units = tuple(b"%sf%d" % (name.encode(), first + offset) for offset in range(count))
    return FrameBatch(
        conversation="c", speech=name, index=index, frame=first, fps=25, phase=phase, units=units, final=final
    )


def ticks(playout: Playout, count: int) -> list[Tick]:
    return [playout.tick() for _ in range(count)]


def audio_packets(ticked: list[Tick]) -> list[bytes]:
    return [tick.audio for tick in ticked if tick.audio is not None]


def video_units(ticked: list[Tick]) -> list[bytes]:
    return [tick.video for tick in ticked if tick.video is not None]


def events(ticked: list[Tick]) -> Iterator[object]:
    for tick in ticked:
        yield from tick.events


def test_idling_goes_round_the_loop_from_the_nearest_key_frame() -> None:
    playout = Playout(phase=52)
    playout.set_idle_loop(IDLE)
    ticked = ticks(playout, 120)
    assert audio_packets(ticked) == []
    assert video_units(ticked) == [b"i%d" % (n % 40) for n in range(10, 70)]


def test_a_paused_voice_resumes_where_it_stopped_and_the_face_idles_meanwhile() -> None:
    for packets in (6, 7):
        playout = Playout()
        playout.set_idle_loop(IDLE)
        playout.add_speech(speech())
        playout.add_audio(audio("a", 0, 60, final=True))
        playout.add_frames(frames("a", 0, 0, 10))
        playout.add_frames(frames("a", 1, 10, 22, final=True))
        before = ticks(playout, packets)
        playout.pause()
        paused = ticks(playout, 30)
        assert audio_packets(paused) == []
        assert all(unit.startswith(b"i") for unit in video_units(paused))
        assert list(events(paused)) == []
        playout.resume()
        after = ticks(playout, 60 - packets)
        assert audio_packets(before) + audio_packets(after) == [b"a%d" % n for n in range(60)]
        # Frames start again at the next key frame, with its packet: lips and voice stay together. The idle loop goes on
        # until then.
        shown = video_units(after)
        first = shown.index(b"af10")
        assert [tick.audio for tick in after if tick.video == b"af10"] == [b"a20"]
        assert shown[:first] == [b"i%d" % (n % 40) for n in range(15, 15 + first)]
        assert len(shown) == 30 - packets // 2 - packets % 2
        assert [event for event in events(after) if isinstance(event, PlayoutFinished)] == [
            PlayoutFinished(speech(), 60 * 960, packets // 2 + packets % 2 + 20, complete=True)
        ]


def test_a_paused_voice_that_is_interrupted_stays_silent() -> None:
    playout = Playout()
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 60, final=True))
    ticks(playout, 30)
    playout.pause()
    finished = playout.interrupt("r")
    assert finished is not None
    assert (finished.complete, playout.is_idle) == (False, True)
    assert audio_packets(ticks(playout, 40)) == []


def test_nothing_starts_during_a_pause_and_a_pause_ends_by_itself() -> None:
    playout = Playout()
    playout.pause()
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 5, final=True))
    assert audio_packets(ticks(playout, 399)) == []
    assert audio_packets(ticks(playout, 20)) == [b"a%d" % n for n in range(5)]


def test_lips_and_voice_stay_together_after_a_pause_that_ends_by_itself() -> None:
    for packets in (6, 7):
        playout = Playout()
        playout.set_idle_loop(IDLE)
        playout.add_speech(speech())
        playout.add_audio(audio("a", 0, 60, final=True))
        playout.add_frames(frames("a", 0, 0, 10))
        playout.add_frames(frames("a", 1, 10, 22, final=True))
        ticks(playout, packets)
        playout.pause()
        ticks(playout, 400)
        after = ticks(playout, 60 - packets)
        assert [tick.audio for tick in after if tick.video == b"af10"] == [b"a20"]


def test_without_an_idle_loop_no_frame_is_sent() -> None:
    assert video_units(ticks(Playout(), 10)) == []


def test_lips_and_voice_start_together_and_stay_together() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    ticks(playout, 3)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 20, final=True))
    playout.add_frames(frames("a", 0, 0, 12, phase=3, final=True))
    ticked = ticks(playout, 20)
    assert [tick.audio for tick in ticked] == [b"a%d" % n for n in range(20)]
    assert [(n, tick.video) for n, tick in enumerate(ticked) if tick.video] == [
        (2 * n, b"af%d" % n) for n in range(10)
    ]
    assert list(events(ticked)) == [PlayoutStarted(speech(), True), PlayoutFinished(speech(), 20 * 960, 10, True)]


def test_the_tail_leads_into_the_idle_loop_where_the_speech_ends() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 4, final=True))
    playout.add_frames(frames("a", 0, 0, 7, phase=13, final=True))
    shown = video_units(ticks(playout, 20))
    assert shown == [b"af%d" % n for n in range(7)] + [b"i20", b"i21", b"i22"]


def test_a_speech_starts_once_its_event_audio_and_first_frame_have_arrived() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_audio(audio("a", 0, 2))
    assert audio_packets(ticks(playout, 3)) == []
    playout.add_speech(speech())
    assert audio_packets(ticks(playout, 3)) == []  # two packets are too few
    playout.add_audio(audio("a", 1, 8, 2))
    assert audio_packets(ticks(playout, 3)) == []  # the first unit is waited for
    playout.add_frames(frames("a", 0, 0, 5))
    assert audio_packets(ticks(playout, 1)) == [b"a0"]


def test_an_unresponsive_renderer_is_waited_for_once() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech("a"))
    playout.add_audio(audio("a", 0, 10, final=True))
    first = ticks(playout, 30)
    assert audio_packets(first) == [b"a%d" % n for n in range(10)]
    assert PlayoutStarted(speech("a"), False) in events(first)
    playout.add_speech(speech("b", index=1))
    playout.add_audio(audio("b", 0, 10, final=True))
    assert audio_packets(ticks(playout, 10)) == [b"b%d" % n for n in range(10)]


def test_the_face_idles_where_pictures_are_cut_off_and_the_voice_goes_on() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 60, final=True))
    playout.add_frames(frames("a", 0, 0, 4))
    playout.add_frames(frames("a", 1, 4, 0, final=True))
    ticked = ticks(playout, 100)
    assert len(audio_packets(ticked)) == 60
    units = video_units(ticked)
    assert [one for one in units if one.startswith(b"a")] == [b"af0", b"af1", b"af2", b"af3"]
    begun = units.index(b"af3") + 1
    first = int(units[begun][1:])
    assert first in IDLE.key_frames
    assert units[begun:] == [b"i%d" % ((first + n) % 40) for n in range(len(units) - begun)]
    assert len(units) == 50  # no picture is left out


def test_frames_that_have_failed_are_not_waited_for() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 5, final=True))
    playout.fail_frames("a")
    assert audio_packets(ticks(playout, 5)) == [b"a%d" % n for n in range(5)]


def test_there_is_a_short_gap_between_sentences() -> None:
    playout = Playout()
    playout.add_speech(speech("a"))
    playout.add_speech(speech("b", index=1))
    playout.add_audio(audio("a", 0, 5, final=True))
    playout.add_audio(audio("b", 0, 5, final=True))
    heard = [tick.audio for tick in ticks(playout, 20)]
    assert heard[:5] == [b"a%d" % n for n in range(5)]
    gap = heard.index(b"b0") - 5
    assert 1 <= gap <= 8
    assert heard[5 + gap : 10 + gap] == [b"b%d" % n for n in range(5)]


def test_late_sound_stalls_the_lips_too_and_loses_nothing() -> None:
    playout = Playout()
    playout.add_speech(speech())
    playout.add_frames(frames("a", 0, 0, 10))
    playout.add_audio(audio("a", 0, 4))
    before = ticks(playout, 8)
    playout.add_audio(audio("a", 1, 4, 4, final=True))
    after = ticks(playout, 8)
    assert audio_packets(before + after) == [b"a%d" % n for n in range(8)]
    assert video_units(before + after)[:4] == [b"af%d" % n for n in range(4)]


def test_late_frames_are_skipped_until_a_key_frame_and_the_lips_are_in_sync_again() -> None:
    playout = Playout()
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 60, final=True))
    playout.add_frames(frames("a", 0, 0, 5))
    early = ticks(playout, 20)
    playout.add_frames(frames("a", 1, 5, 10))  # 10 is due now: these depend on 5, which is too late
    playout.add_frames(frames("a", 2, 15, 10))
    late = ticks(playout, 20)
    assert video_units(early) == [b"af%d" % n for n in range(5)]
    assert [(n, tick.video) for n, tick in enumerate(late) if tick.video] == [
        (10 + 2 * n, b"af%d" % (15 + n)) for n in range(5)
    ]


def test_a_speech_whose_sound_ends_early_is_given_up_and_the_next_sentence_starts() -> None:
    playout = Playout()
    playout.add_speech(speech("a"))
    playout.add_audio(audio("a", 0, 4))
    playout.add_speech(speech("b", index=1))
    playout.add_audio(audio("b", 0, 4, final=True))
    ticked = ticks(playout, 800)
    assert PlayoutFinished(speech("a"), 4 * 960, 0, False) in events(ticked)
    assert audio_packets(ticked)[4:] == [b"b%d" % n for n in range(4)]


def test_an_interruption_stops_at_once_and_reports_what_was_played() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    for index, name in enumerate("ab"):
        playout.add_speech(speech(name, index=index))
        playout.add_audio(audio(name, 0, 100, final=True))
        playout.add_frames(frames(name, 0, 0, 50, phase=0))
    ticks(playout, 10)
    assert playout.interrupt("r") == PlayoutFinished(speech("a"), 9600, 5, False)
    after = ticks(playout, 10)
    assert audio_packets(after) == []
    assert video_units(after)[0] in {b"i0", b"i10"}
    assert playout.is_idle
    assert playout.interrupt("r") is None


def test_speeches_of_an_interrupted_reply_that_arrive_late_are_not_played() -> None:
    playout = Playout()
    playout.interrupt("r")
    playout.add_audio(audio("a", 0, 10, final=True))
    playout.add_speech(speech("a"))
    assert audio_packets(ticks(playout, 20)) == []
    assert playout.is_idle


def test_a_speech_whose_first_chunk_was_missed_is_left_out() -> None:
    playout = Playout()
    playout.add_speech(speech("a"))
    playout.fail_audio("a")
    playout.add_audio(audio("z", 3, 10, 30, final=True))
    assert playout.is_idle
    assert audio_packets(ticks(playout, 20)) == []


def test_a_picture_that_stands_still_gives_way_to_the_idle_loop_until_the_pictures_go_on() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 100, final=True))
    playout.add_frames(frames("a", 0, 0, 10))
    before = video_units(ticks(playout, 20 + 2 * 20))  # the renderer has died; the picture stands still for 15 frames
    assert before[:10] == [b"af%d" % n for n in range(10)]
    assert [unit[:1] for unit in before[10:]] == [b"i"] * 5
    playout.add_frames(frames("a", 4, 30, 10))  # another one goes on
    playout.add_frames(frames("a", 5, 40, 10))
    assert video_units(ticks(playout, 40))[-10:] == [b"af%d" % n for n in range(40, 50)]


def test_a_voice_that_does_not_come_leaves_the_idle_face_until_it_goes_on() -> None:
    for has_idle_loop in (True, False):
        playout = Playout()
        if has_idle_loop:
            playout.set_idle_loop(IDLE)
        playout.add_speech(speech())
        playout.add_audio(audio("a", 0, 14))
        playout.add_frames(frames("a", 0, 0, 10))
        playout.add_frames(frames("a", 1, 10, 15))
        assert video_units(ticks(playout, 14)) == [b"af%d" % n for n in range(7)]
        waiting = ticks(playout, 80)
        assert audio_packets(waiting) == []
        # The idle loop is entered near the time of day, not where it was left before.
        assert video_units(waiting) == ([b"i%d" % (n % 40) for n in range(20, 45)] if has_idle_loop else [])
        playout.add_audio(audio("a", 1, 20, 14, final=True))
        after = ticks(playout, 20)
        assert audio_packets(after) == [b"a%d" % n for n in range(14, 34)]
        shown = video_units(after)
        if has_idle_loop:  # no frame is sent that depends on one which the browser does not have
            assert [unit[:1] for unit in shown[:3]] == [b"i"] * 3
            assert shown[3:] == [b"af%d" % n for n in range(10, 17)]
        else:
            assert shown == [b"af%d" % n for n in range(7, 17)]


def test_each_picture_that_stands_still_does_so_for_a_while_first() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 200, final=True))
    for index, first in enumerate((0, 20, 40, 60)):
        playout.add_frames(frames("a", index, first, 10))
    shown = video_units(ticks(playout, 160))
    # Ten frames are missing each time.
    assert shown == [b"af%d" % (first + n) for first in (0, 20, 40, 60) for n in range(10)]


def test_the_idle_loop_goes_on_where_a_speech_has_no_pictures() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    ticks(playout, 20)
    playout.add_speech(speech())
    playout.fail_frames("a")
    playout.add_audio(audio("a", 0, 20, final=True))
    assert video_units(ticks(playout, 20)) == [b"i%d" % n for n in range(10, 20)]


def test_what_is_under_way_when_the_session_begins_does_not_silence_the_next_sentence() -> None:
    playout = Playout()
    playout.set_idle_loop(IDLE)
    playout.add_frames(frames("a", 3, 20, 10))
    playout.add_audio(audio("a", 2, 20, 30, final=True))
    playout.add_frames(frames("b", 0, 0, 10))
    playout.add_audio(audio("b", 1, 10, 10, final=True))  # it began before the session, and its fact comes late
    playout.add_speech(speech("b", index=1))
    assert playout.is_idle
    playout.add_audio(audio("c", 0, 10, final=True))
    playout.add_frames(frames("c", 0, 0, 10))
    assert playout.is_idle
    playout.add_speech(speech("c", index=2))
    played = ticks(playout, 30)
    assert audio_packets(played) == [b"c%d" % n for n in range(10)]
    assert video_units(played)[:5] == [b"cf%d" % n for n in range(5)]


def test_a_sentence_without_sound_delays_nothing() -> None:
    playout = Playout()
    playout.add_speech(speech("a"))
    playout.add_audio(audio("a", 0, 0, final=True))
    playout.add_speech(speech("b", index=1))
    playout.add_audio(audio("b", 0, 3, final=True))
    assert audio_packets(ticks(playout, 10)) == [b"b0", b"b1", b"b2"]


def test_progress_is_reported_once_a_second() -> None:
    playout = Playout()
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 120, final=True))
    progress = [event for event in events(ticks(playout, 120)) if isinstance(event, PlayoutProgress)]
    assert [event.samples for event in progress] == [48_000, 96_000]


def test_a_duplicate_chunk_is_ignored() -> None:
    playout = Playout()
    playout.add_speech(speech())
    playout.add_audio(audio("a", 0, 5))
    playout.add_audio(audio("a", 0, 5))
    playout.add_audio(audio("a", 1, 5, 5, final=True))
    assert audio_packets(ticks(playout, 20)) == [b"a%d" % n for n in range(10)]


def test_another_character_takes_over_with_a_key_frame() -> None:
    playout = Playout(phase=0)
    playout.set_idle_loop(IDLE)
    ticks(playout, 6)
    playout.set_idle_loop(IdleLoop("milo", "v1", tuple(b"m%d" % n for n in range(40)), (0, 10, 20, 30)))
    assert video_units(ticks(playout, 4)) == [b"m0", b"m1"]
