"""Properties of the control tracks of speeches and idle loops."""

from __future__ import annotations

import itertools
from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.events import OPUS_FRAME, AudioOut, Emotion, Viseme, VisemeMark
from bus.ids import seed_of
from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES
from services.render.coarticulation import MOUTH_SHAPES, shut
from services.render.idle_motion import IdleMotion
from services.render.motion import (
    FRAME_SAMPLES,
    LIP_LEAD,
    PAUSE_FRAMES,
    TAIL_FRAMES,
    SpeechMotion,
    audio_frames,
    frames_with_tail,
    idle_phase,
    phase_after,
)
from services.render.pose import EMOTIONS, Pose
from services.render.speech_frames import FIRST_BATCHES
from services.tts.chunker import FIRST_CHUNK

MS = 48


def chunk(
    packets: int, marks: tuple[VisemeMark, ...] = (), *, start: int = 0, loudness: float = 0.1, final: bool = True
) -> AudioOut:
    return AudioOut(
        conversation="c", speech="s", index=0, sample=start * OPUS_FRAME, packets=(b"",) * packets, visemes=marks,
        loudness=(loudness,) * packets, final=final,
    )


def poses(motion: SpeechMotion) -> list[Pose]:
    return [motion.pose(frame) for frame in range(motion.frames_ready)]


def spoken(marks: tuple[VisemeMark, ...], *, packets: int = 50, loudness: float = 0.1, emotion: Emotion = "neutral",
           phase: int = 0) -> list[Pose]:
    motion = SpeechMotion("ada", "s", phase=phase, emotion=emotion)
    motion.add_audio(chunk(packets, marks, loudness=loudness))
    return poses(motion)


def held(viseme: Viseme) -> Pose:
    """The pose in the middle of a long viseme."""
    return spoken((VisemeMark(0, viseme),))[12]


def difference(a: Pose, b: Pose) -> float:
    return max(abs(float(getattr(a, f.name) - getattr(b, f.name))) for f in fields(Pose) if f.name != "emotion")


def test_a_silent_speech_is_the_idle_loop_from_its_phase_on() -> None:
    idle = IdleMotion(seed_of("ada"))
    made = spoken((VisemeMark(0, "sil"),), loudness=0.0, phase=37)
    for frame, pose in enumerate(made):
        assert difference(pose, idle.pose(37 + frame)) < 1e-9


def test_the_last_frame_of_a_speech_is_the_idle_loop_again() -> None:
    idle = IdleMotion(seed_of("ada"))
    for emotion in EMOTIONS:
        made = spoken((VisemeMark(0, "aa"),), emotion=emotion, phase=3, loudness=0.2)
        assert difference(made[-1], idle.pose(3 + len(made) - 1)) < 1e-6
        assert made[-1].emotion == Pose().emotion


@pytest.mark.parametrize("voice", [((0, "sil"), (9600, "aa"), (19200, "SS"), (28800, "E"), (40800, "sil")), ()])
def test_the_mouth_counts_as_speaking_from_the_first_words_to_the_last(voice: tuple[tuple[int, Viseme], ...]) -> None:
    made = spoken(tuple(VisemeMark(*mark) for mark in voice), packets=50)
    shares = [pose.speaking for pose in made]
    assert (shares[0] < 0.5, max(shares), shares[-1]) == (True, 1.0, 0.0)
    assert max(abs(b - a) for a, b in pairwise(shares)) < 0.25
    quiet = spoken((VisemeMark(0, "sil"),), loudness=0.0)
    assert {pose.speaking for pose in quiet} == {0.0}


def test_motion_is_continuous_from_idle_through_a_speech_to_idle() -> None:
    idle = IdleMotion(seed_of("ada"))
    marks = tuple(VisemeMark(i * 4800, "sil" if i in (0, 9) else "aa") for i in range(10))
    made = spoken(marks, emotion="surprised", phase=55)
    track = [idle.pose(54), *made, idle.pose(55 + len(made))]
    for name in ("yaw", "pitch", "roll", "shoulders", "brow_left", "smile"):
        most = 1.0 if name in ("yaw", "pitch", "roll") else 0.3
        values = [getattr(pose, name) for pose in track]
        assert max(abs(b - a) for a, b in pairwise(values)) < most, name


@given(st.floats(0.0, 0.3), st.floats(0.0, 0.3))
@settings(max_examples=30)
def test_louder_opens_wider(a: float, b: float) -> None:
    quiet, loud = sorted((a, b))
    marks = (VisemeMark(0, "aa"),)
    softly, loudly = (spoken(marks, packets=12, loudness=loudness) for loudness in (quiet, loud))
    for one, other in zip(softly, loudly, strict=True):
        assert one.jaw <= other.jaw + 1e-9


def test_a_loud_vowel_is_wider_than_a_soft_one() -> None:
    marks = (VisemeMark(0, "aa"),)
    assert spoken(marks, loudness=0.2)[8].jaw > spoken(marks, loudness=0.02)[8].jaw + 0.2


MARKS = st.lists(
    st.tuples(st.integers(0, 180), st.sampled_from(sorted(MOUTH_SHAPES)), st.floats(0.0, 1.0)), min_size=1, max_size=24
)
"""Milliseconds, viseme and weight of each."""
LOUDNESS = st.lists(st.floats(0.0, 0.4), min_size=20, max_size=60)


def marks_of(durations: list[tuple[int, Viseme, float]]) -> tuple[VisemeMark, ...]:
    starts = itertools.accumulate((milliseconds for milliseconds, _, _ in durations), initial=0)
    pairs = zip(starts, durations, strict=False)
    return tuple(VisemeMark(start * MS, name, weight) for start, (_, name, weight) in pairs)


def said(marks: tuple[VisemeMark, ...], loudness: list[float], emotion: Emotion = "neutral") -> list[Pose]:
    """The poses of a speech that is long enough for all its marks."""
    packets = max(len(loudness), marks[-1].sample // OPUS_FRAME + 6)
    level = tuple((loudness * packets)[:packets])
    motion = SpeechMotion("ada", "s", phase=0, emotion=emotion)
    motion.add_audio(AudioOut(
        conversation="c", speech="s", index=0, sample=0, packets=(b"",) * packets, visemes=marks, loudness=level,
        final=True,
    ))
    return poses(motion)


@given(MARKS, LOUDNESS, st.sampled_from(EMOTIONS))
@settings(max_examples=25, deadline=None)
def test_no_part_of_the_mouth_crosses_its_range_in_less_than_80_milliseconds(
    durations: list[tuple[int, Viseme, float]], loudness: list[float], emotion: Emotion
) -> None:
    made = said(marks_of(durations), loudness, emotion)
    parts = {
        "opening": [pose.jaw * (1.0 - shut(pose.press, pose.tuck)) for pose in made],
        "width": [pose.width / 2.0 for pose in made],  # from -1 to 1
        **{name: [getattr(pose, name) for pose in made] for name in ("jaw", "press", "tuck", "tongue", "pucker")},
        **{name: [min(getattr(pose, name), 1.0) for pose in made] for name in ("teeth", "upper")},
    }
    for name, values in parts.items():
        before = 0.0 if name in ("jaw", "opening") else values[0]  # the idle loop's
        assert max(abs(b - a) for a, b in pairwise([before, *values])) <= 0.5 + 1e-9, name


@given(MARKS, LOUDNESS)
@settings(max_examples=25, deadline=None)
def test_lips_shut_in_each_p_b_and_m_however_short_and_soft(
    durations: list[tuple[int, Viseme, float]], loudness: list[float]
) -> None:
    marks = marks_of(durations)
    made = said(marks, loudness)
    for mark in marks:
        if mark.viseme == "PP":
            first, last = mark.sample / FRAME_SAMPLES - 1.0, (mark.sample + 50 * MS) / FRAME_SAMPLES
            around = [pose for frame, pose in enumerate(made) if first < frame < last]
            assert any(pose.press == 1.0 and pose.jaw == 0.0 for pose in around)


@pytest.mark.parametrize(("viseme", "field"), [("PP", "press"), ("FF", "tuck"), ("TH", "tongue")])
@pytest.mark.parametrize("start", range(200, 241, 10))
def test_a_closure_of_45_milliseconds_is_whole_for_a_frame_or_two_and_comes_and_goes_in_steps(
    viseme: Viseme, field: str, start: int
) -> None:
    made = spoken((VisemeMark(0, "aa"), VisemeMark(start * MS, viseme), VisemeMark((start + 45) * MS, "aa")))
    values = [getattr(pose, field) for pose in made[:16]]
    whole = [frame for frame, value in enumerate(values) if value == 1.0]
    assert len(whole) in (1, 2)
    # The picture is of 25 ms after its frame: the middle of the closure is shown within half a frame of it.
    assert abs(sum(whole) / len(whole) * 40 + 25 - (start + 30)) <= 21
    assert [values[whole[0] - 2], values[whole[0] - 1], values[whole[-1] + 1], values[whole[-1] + 2]] == pytest.approx(
        [0.0, 0.5, 0.5, 0.0], abs=0.25
    )
    assert made[3].jaw > 0.5


def test_lips_round_before_a_rounded_vowel_while_consonants_let_them() -> None:
    through = spoken((VisemeMark(0, "ih"), VisemeMark(9600, "DD"), VisemeMark(13440, "ou")))
    after = spoken((VisemeMark(0, "ih"), VisemeMark(9600, "SS"), VisemeMark(13440, "ou")))
    assert through[5].pucker > after[5].pucker + 0.1
    assert through[3].pucker == after[3].pucker == 0.0


def test_visemes_have_distinct_shapes() -> None:
    made = {viseme: held(viseme) for viseme in MOUTH_SHAPES}
    for one, a in made.items():
        for other, b in made.items():
            if one < other and {one, other} != {"DD", "nn"}:
                assert difference(a, b) > 0.09, (one, other)
    assert made["ou"].pucker > made["oh"].pucker > made["aa"].pucker
    assert made["aa"].jaw > made["E"].jaw > made["ih"].jaw > made["SS"].jaw


def test_lips_precede_the_sound() -> None:
    onset = 10 * FRAME_SAMPLES
    made = spoken((VisemeMark(0, "sil"), VisemeMark(onset, "aa")))
    assert made[8].jaw == 0.0
    assert made[10].jaw > 0.5
    assert FRAME_SAMPLES > LIP_LEAD > 0


@given(st.integers(1, 20))
@settings(max_examples=10)
def test_a_shift_of_the_audio_shifts_the_mouth(frames: int) -> None:
    marks = (VisemeMark(0, "sil"), VisemeMark(9600, "PP"), VisemeMark(14400, "aa"), VisemeMark(24000, "ou"))
    by = frames * FRAME_SAMPLES
    later = (marks[0], *(VisemeMark(mark.sample + by, mark.viseme) for mark in marks[1:]))
    one, other = spoken(marks, packets=40), spoken(later, packets=40 + 2 * frames)
    for frame in range(3, 20):
        for name in ("press", "pucker", "width", "teeth"):
            assert getattr(one[frame], name) == pytest.approx(getattr(other[frame + frames], name), abs=1e-9)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=12), st.integers(0, LOOP_FRAMES - 1), st.sampled_from(EMOTIONS))
@settings(max_examples=40)
def test_poses_do_not_depend_on_how_the_audio_is_chunked(cuts: list[int], phase: int, emotion: Emotion) -> None:
    total = sum(cuts)
    visemes: list[Viseme] = list(MOUTH_SHAPES)
    marks = [VisemeMark(i * 2500, visemes[i * 7 % 15]) for i in range(total * OPUS_FRAME // 2500 + 1)]
    loud = [0.05 + 0.1 * (i % 9 == 4) for i in range(total)]

    def feed(sizes: list[int]) -> tuple[list[Pose], list[Pose]]:
        motion, start = SpeechMotion("noor", "s", phase=phase, emotion=emotion, previous_emotion="sad"), 0
        early: list[Pose] = []
        for size in sizes:
            end = start + size
            motion.add_audio(AudioOut(
                conversation="c", speech="s", index=0, sample=start * OPUS_FRAME, packets=(b"",) * size,
                visemes=tuple(m for m in marks if start * OPUS_FRAME <= m.sample < end * OPUS_FRAME),
                loudness=tuple(loud[start:end]), final=end == total,
            ))
            early += [motion.pose(frame) for frame in range(len(early), motion.frames_ready)]
            start = end
        return early, poses(motion)

    streamed, afterwards = feed(cuts)
    assert streamed == feed([total])[0]
    assert streamed == afterwards


def test_the_first_batch_of_frames_is_ready_after_the_first_chunk() -> None:
    motion = SpeechMotion("ada", "s", phase=0)
    assert motion.frames_ready == 0
    motion.add_audio(chunk(FIRST_CHUNK, final=False))
    assert motion.frames_ready == FIRST_BATCHES[0] == 2
    with pytest.raises(IndexError, match="frame 2 is not ready, 2 are"):
        motion.pose(2)


def test_a_voice_without_visemes_moves_the_jaw_by_its_loudness() -> None:
    motion = SpeechMotion("ada", "s", phase=0)
    for start in range(0, 40, 10):
        motion.add_audio(chunk(10, start=start, loudness=0.15 * (start % 20 == 0), final=start == 30))
    made = poses(motion)
    assert made[3].jaw > 0.5
    assert made[8].jaw < 0.25


def test_each_speech_has_its_own_random_details() -> None:
    def nods(speech: str) -> list[float]:
        motion = SpeechMotion("ada", speech, phase=0)
        loud = tuple(0.2 if i % 40 == 20 else 0.05 for i in range(120))
        motion.add_audio(AudioOut(
            conversation="c", speech=speech, index=0, sample=0, packets=(b"",) * 120, loudness=loud, final=True,
        ))
        return [pose.pitch for pose in poses(motion)]

    assert nods("one") == nods("one")
    assert nods("one") != nods("two")


def accented(pitch: tuple[int, ...], packets: int = 100) -> list[Pose]:
    """The poses of an even voice of a pitch."""
    motion = SpeechMotion("ada", "s", phase=0)
    motion.add_audio(AudioOut(
        conversation="c", speech="s", index=0, sample=0, packets=(b"",) * packets, loudness=(0.1,) * packets,
        pitch=pitch, final=True,
    ))
    return poses(motion)


def test_brows_rise_where_the_voice_does_and_not_where_it_stays_or_falls() -> None:
    level = accented((180,) * 100)
    up = accented((*(180,) * 50, 200, 220, 230, 220, 200, *(180,) * 45))
    down = accented((*(180,) * 50, 170, 160, 150, 160, 170, *(180,) * 45))
    raised = [a.brow_left - b.brow_left for a, b in zip(up, level, strict=True)]
    top = max(range(len(raised)), key=raised.__getitem__)
    assert abs(top - 52 * OPUS_FRAME / FRAME_SAMPLES) <= 4
    assert 0.2 < raised[top] < 0.8
    assert max(raised[:18]) == max(raised[44:]) == 0.0
    assert [pose.brow_left for pose in down] == [pose.brow_left for pose in level]


def test_an_octave_error_raises_no_brow() -> None:
    level, jumping = accented((180,) * 100), accented((*(180,) * 50, 360, *(180,) * 49))
    assert jumping == level


def test_eyes_meet_the_persons_when_a_speech_begins_and_ends_and_leave_them_in_between() -> None:
    met = left = 0
    for speech in range(12):
        motion = SpeechMotion("ada", str(speech), phase=40)
        motion.add_audio(chunk(400))
        made = poses(motion)
        away = [abs(pose.gaze_x) > 0.2 for pose in made[:200]]
        assert not any(away[10:14])
        assert abs(made[200].gaze_x) < 0.2
        left += sum(away)
        met += len(away) - sum(away)
        assert max(abs(b.gaze_x - a.gaze_x) for a, b in pairwise(made)) < 0.5
    assert 0.1 < left / (left + met) < 0.5


def test_the_emotion_fades_in_from_the_previous_one() -> None:
    motion = SpeechMotion("ada", "s", phase=0, emotion="happy", previous_emotion="sad")
    motion.add_audio(chunk(60))
    made = poses(motion)
    sad, happy = EMOTIONS.index("sad"), EMOTIONS.index("happy")
    assert made[0].emotion[sad] > 0.9
    assert made[20].emotion[happy] == 1.0
    assert made[0].smile < 0.0 < made[20].smile
    for pose in made:
        assert sum(pose.emotion) == pytest.approx(1.0)


def test_the_emotion_is_kept_during_the_pause_between_two_sentences() -> None:
    made = spoken((VisemeMark(0, "sil"),), packets=50, emotion="happy")
    assert made[25 + PAUSE_FRAMES - 1].emotion[EMOTIONS.index("happy")] == 1.0


@given(st.integers(0, LOOP_FRAMES - 1), st.integers(0, 48_000 * 20))
def test_the_tail_ends_at_a_key_frame_of_the_idle_loop(phase: int, samples: int) -> None:
    frames = frames_with_tail(phase, samples)
    assert (phase + frames) % KEY_FRAME_INTERVAL == 0
    assert audio_frames(samples) + TAIL_FRAMES <= frames < audio_frames(samples) + TAIL_FRAMES + KEY_FRAME_INTERVAL


def test_the_idle_phase_follows_the_wall_clock() -> None:
    assert idle_phase(0) == 0
    assert idle_phase(40_000) == 1
    assert idle_phase(8_000_000) == 0
    assert phase_after(LOOP_FRAMES - 1, 1) == PAUSE_FRAMES


def test_the_idle_loop_has_no_seam() -> None:
    for character in ("ada", "milo", "noor", "otto", "someone"):
        idle = IdleMotion(seed_of(character))
        assert idle.pose(LOOP_FRAMES) == idle.pose(0)
        made = [idle.pose(phase) for phase in range(LOOP_FRAMES + 1)]
        steps = [difference(a, b) for a, b in pairwise(made)]
        assert steps[-1] <= max(steps[:-1])
        for name in ("yaw", "roll", "pitch", "breath", "gaze_x"):
            values = [getattr(pose, name) for pose in made]
            jumps = [abs(b - a) for a, b in pairwise(values)]
            assert jumps[-1] <= max(jumps[:-1]) + 1e-9, name


def test_an_idle_face_blinks_breathes_and_moves_its_eyes() -> None:
    for character in ("ada", "milo", "noor", "otto"):
        idle = IdleMotion(seed_of(character))
        made = [idle.pose(phase) for phase in range(LOOP_FRAMES)]
        shut = [pose.lid_left < 0.1 for pose in made]
        blinks = sum(now and not before for before, now in zip([shut[-1], *shut], shut, strict=False))
        assert 3 <= blinks <= 4, character
        assert max(pose.breath for pose in made) > 0.95
        assert min(pose.breath for pose in made) < 0.05
        assert max(abs(pose.gaze_x) for pose in made) < 0.6
        assert len({round(pose.gaze_x, 2) for pose in made}) > 5


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_the_first_idle_frame_can_serve_as_a_portrait(seed: int) -> None:
    pose = IdleMotion(seed).pose(0)
    assert min(pose.lid_left, pose.lid_right) > 0.9
    assert abs(pose.gaze_x) < 0.15
    assert abs(pose.yaw) < 6.0


def test_each_character_has_its_own_idle_motion() -> None:
    assert IdleMotion(seed_of("ada")).pose(50) != IdleMotion(seed_of("milo")).pose(50)
