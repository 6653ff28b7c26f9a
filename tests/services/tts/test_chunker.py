"""Chunks of a speech: packets, visemes and loudness on one clock."""

from __future__ import annotations

import numpy as np
import pytest

from bus.events import AudioOut, Viseme, VisemeMark
from services.audio import Samples, packet_loudness
from services.tts.chunker import SpeechChunker
from services.tts.engine import SpeechPiece
from tests.opus import decode_packets


def tone(milliseconds: int, rate: int = 48_000) -> Samples:
    count = rate * milliseconds // 1000
    return (np.sin(2 * np.pi * 300 * np.arange(count) / rate) * 12_000).astype(np.int16)


def silence(milliseconds: int, rate: int = 48_000) -> Samples:
    return np.zeros(rate * milliseconds // 1000, np.int16)


def cut(*pieces: SpeechPiece) -> tuple[list[AudioOut], SpeechChunker]:
    chunker = SpeechChunker("c", "s")
    found = [chunk for piece in pieces for chunk in chunker.push(piece)]
    return found + chunker.finish(), chunker


def test_the_first_chunk_is_short_and_the_last_one_final() -> None:
    found, chunker = cut(SpeechPiece(tone(1_270), 48_000))
    assert [len(chunk.packets) for chunk in found] == [10, 20, 20, 14]
    assert [chunk.final for chunk in found] == [False, False, False, True]
    assert [chunk.sample for chunk in found] == [0, 9_600, 28_800, 48_000]
    assert [chunk.index for chunk in found] == [0, 1, 2, 3]
    assert chunker.samples == 64 * 960


def test_the_first_chunk_is_returned_as_soon_as_it_is_full() -> None:
    chunker = SpeechChunker("c", "s")
    assert len(list(chunker.push(SpeechPiece(tone(230), 48_000)))) == 1
    assert list(chunker.push(SpeechPiece(tone(300), 48_000))) == []


@pytest.mark.parametrize("milliseconds", [20, 190, 200, 201, 600, 620])
def test_every_speech_has_one_final_chunk_and_whole_packets(milliseconds: int) -> None:
    found, chunker = cut(SpeechPiece(tone(milliseconds), 48_000))
    assert [chunk.final for chunk in found].count(True) == 1
    assert found[-1].final
    assert found[-1].packets
    assert chunker.samples == sum(len(chunk.packets) for chunk in found) * 960


def test_the_silence_before_the_voice_is_trimmed_and_visemes_move_with_it() -> None:
    marks: list[tuple[int, Viseme]] = [(0, "sil"), (4_800, "kk"), (9_600, "aa")]
    visemes = tuple(VisemeMark(sample * 16 // 48, viseme) for sample, viseme in marks)
    piece = SpeechPiece(np.concatenate([silence(100, 16_000), tone(300, 16_000)]), 16_000, visemes)
    found, chunker = cut(piece)
    assert chunker.visemes == [VisemeMark(0, "sil"), VisemeMark(480, "kk"), VisemeMark(480 + 4_800, "aa")]
    heard = decode_packets([packet for chunk in found for packet in chunk.packets])
    assert 0 < np.nonzero(np.abs(heard) > 2_000)[0][0] <= 960
    assert found[0].loudness[0] > 0.01


def test_the_last_viseme_before_the_onset_holds_at_the_onset() -> None:
    visemes = (VisemeMark(0, "sil"), VisemeMark(3_000, "PP"), VisemeMark(9_600, "aa"))
    _, chunker = cut(SpeechPiece(np.concatenate([silence(100), tone(300)]), 48_000, visemes))
    assert chunker.visemes == [VisemeMark(0, "PP"), VisemeMark(9_600 - 4_320, "aa")]


def test_pieces_give_the_same_chunks_as_the_whole() -> None:
    samples = np.concatenate([silence(50), tone(730)])
    whole, _ = cut(SpeechPiece(samples, 48_000, (VisemeMark(0, "aa"),)))
    first = SpeechPiece(samples[:441], 48_000, (VisemeMark(0, "aa"),))
    pieces = [SpeechPiece(samples[start : start + 441], 48_000) for start in range(441, len(samples), 441)]
    assert cut(first, *pieces)[0] == whole


def test_each_viseme_is_in_the_chunk_in_which_it_begins() -> None:
    visemes = tuple(VisemeMark(sample, "aa" if sample % 2 else "PP") for sample in range(1, 48_000, 1_111))
    found, chunker = cut(SpeechPiece(tone(1_000), 48_000, visemes))
    for chunk in found:
        end = chunk.sample + 960 * len(chunk.packets)
        assert all(chunk.sample <= mark.sample < end for mark in chunk.visemes)
    assert [mark for chunk in found for mark in chunk.visemes] == chunker.visemes == list(visemes)


def test_a_viseme_after_the_end_is_dropped() -> None:
    _, chunker = cut(SpeechPiece(tone(100), 48_000, (VisemeMark(0, "aa"), VisemeMark(9_000, "sil"))))
    assert chunker.visemes == [VisemeMark(0, "aa")]


def test_loudness_is_that_of_each_packets_own_samples() -> None:
    samples = np.concatenate([tone(40), silence(40), tone(45)])
    found, _ = cut(SpeechPiece(samples, 48_000))
    assert [loudness for chunk in found for loudness in chunk.loudness] == packet_loudness(samples)


def test_a_silent_speech_is_one_final_chunk_without_packets() -> None:
    empty = AudioOut(conversation="c", speech="s", index=0, sample=0, packets=(), final=True)
    for pieces in ((), (SpeechPiece(silence(400), 48_000, (VisemeMark(0, "sil"),)),)):
        found, chunker = cut(*pieces)
        assert found == [empty]
        assert (chunker.samples, chunker.visemes) == (0, [])
