"""The sentences that voices say in benchmarks."""

from __future__ import annotations

from bench.sentences import FRAMES, GERMAN, sentences


def test_two_hundred_are_different_and_the_same_every_time() -> None:
    found = sentences()
    assert len(set(found)) == len(found) == 200
    assert found == sentences()
    assert found[: len(FRAMES)] == sentences(len(FRAMES))
    assert not any("{" in text for text in found)


def test_german_ones_are_different_and_spell_their_numbers() -> None:
    assert len(set(GERMAN)) == len(GERMAN)
    assert not any(character.isdigit() for text in GERMAN for character in text)
