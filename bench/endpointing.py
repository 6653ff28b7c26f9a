"""How long the end of a phrase is waited for, and how many phrases are cut, by people who speak slowly and hesitate.

`python -m bench.endpointing --prompts FOLDER` plays the phrases of `tests.voices.hesitant` through Silero, Smart Turn,
Moonshine and the endpointer on the clock of the samples (`bench.hesitant_speech`): with the delays that the system has,
but not in real time. The wait counts from the last audible sample of the phrase. Prints each setting's waits and cuts,
in sessions of ten phrases of one manner of speaking, for the half of the sentences by which no constant was chosen.
`--tuning` takes the other half, and `--fit` fits the weights of the signs to it.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.hesitant_speech import MS, Heard, hear, transcribe
from bench.machine import machine, percentiles, table
from bus.settings import Settings
from services.gateway.listening.end_of_turn import MANNER, Manner, sound_odds, word_odds
from services.gateway.listening.endpointing import EndOfSpeech, Endpointer
from services.gateway.listening.sentence_end import end_probability
from services.gateway.listening.turn_end import TurnEndDetector
from services.models.catalogue import MOONSHINE, SILERO, SMART_TURN
from services.models.loading import verified_folder
from services.silero import WINDOW, SileroVad
from services.stt.moonshine.engine import MoonshineEngine
from services.stt.moonshine.network import MoonshineNetwork
from tests import real_models
from tests.voices import hesitant

ASKED = 5
"""Windows of silence after which the gateway asks Smart Turn: 160 ms."""
DECODED = 96 * MS
"""Samples of silence after which Moonshine decodes what was said."""
PROMPT = range(2, 13)
"""Windows of silence in which the gateway sends each window at once: 64 to 384 ms."""
SESSION = 10


@dataclass(frozen=True)
class Trial:
    """A way of deciding."""

    name: str
    setting_ms: int = 500
    sound: bool = True
    words: bool = True
    manner: Manner = MANNER


NO_HABIT = Manner(habit_limit=0.0)
TRIALS = (
    *(Trial(f"silence of {ms} ms alone", ms, sound=False, words=False, manner=NO_HABIT) for ms in (300, 500, 900)),
    Trial("words alone", sound=False),
    Trial("sound alone", words=False),
    Trial("words and sound, habit not counted", manner=NO_HABIT),
    *(Trial(f"words, sound and habit, prudence {p:g}", manner=Manner(p)) for p in (-0.5, 0.0, 0.5, 1.0, 1.5)),
)


@dataclass(frozen=True)
class Outcome:
    kind: hesitant.Kind
    wait: float
    """Milliseconds from the last audible sample; negative if the phrase was cut."""


def play(heard: Heard, endpointer: Endpointer, trial: Trial) -> Outcome:
    """Play one phrase in a session; what is left of a phrase that was cut is heard as well, without words."""
    partials = list(heard.partials) if trial.words else []
    judgements: list[tuple[float, int, float]] = []
    ended: int | None = None
    for number, probability in enumerate(heard.probabilities):
        now = number * WINDOW
        if ended is None:
            while partials and partials[0][0] <= now:
                endpointer.set_partial(partials.pop(0)[1])
            while judgements and judgements[0][0] <= now:
                _, silence, judged = judgements.pop(0)
                endpointer.set_turn_end(judged, silence)
        boundary = endpointer.push(probability)
        now += WINDOW
        if isinstance(boundary, EndOfSpeech) and ended is None:
            ended = now
        asked = heard.turn_end.get(number)
        since = endpointer.silent_since
        if trial.sound and ended is None and asked is not None and since is not None:
            judgements.append((now + 1000 * MS * asked[1], since, asked[0]))
    endpointer.stop("muted")
    wait = math.inf if ended is None else (ended - heard.phrase.end) / MS
    return Outcome(heard.phrase.kind, wait)


def sessions(phrases: Sequence[Heard]) -> list[list[Heard]]:
    """The phrases in sessions: fluent and slow ones, and hesitating ones, each in an order drawn from a seed."""
    generator = np.random.default_rng(0)
    found: list[list[Heard]] = []
    for fluent in (True, False):
        chosen = [one for one in phrases if (one.phrase.kind in ("fluent", "slow")) == fluent]
        mixed = [chosen[place] for place in generator.permutation(len(chosen))]
        found += [mixed[start : start + SESSION] for start in range(0, len(mixed), SESSION)]
    return found


def outcomes(phrases: Sequence[Heard], trial: Trial) -> list[Outcome]:
    """What becomes of each phrase."""
    likely = functools.cache(end_probability("en") or (lambda text: 0.0))
    found = []
    for session in sessions(phrases):
        endpointer = Endpointer(trial.setting_ms, window=WINDOW, end_probability=likely, manner=trial.manner)
        found += [play(heard, endpointer, trial) for heard in session]
    return found


def row(name: str, found: Sequence[Outcome]) -> list[str]:
    whole = [one.wait for one in found if one.wait >= 0]
    median, high = percentiles(whole, 50, 95)
    cut = 100 * (len(found) - len(whole)) / len(found)
    late = 100 * sum(wait > 450 for wait in whole) / len(whole)
    return [name, f"{median:.0f}", f"{high:.0f}", f"{late:.0f} %", f"{cut:.1f} %", str(len(found))]


HEAD = ("", "wait p50, ms", "p95, ms", "over 450 ms", "cut", "phrases")


def report(phrases: Sequence[Heard]) -> list[str]:
    """Tables: each trial for fluent and for hesitating speakers, and the present setting by kind of pause."""
    lines = []
    for title, fluent in (("as read, or slowed down without a marked pause", True), ("with marked pauses", False)):
        chosen = [one for one in phrases if (one.phrase.kind in ("fluent", "slow")) == fluent]
        rows = [row(trial.name, outcomes(chosen, trial)) for trial in TRIALS]
        lines += [table((title, *HEAD[1:]), rows), ""]
    present = outcomes(phrases, Trial("present"))
    kinds = [(kind, [one for one in present if one.kind == kind]) for kind in hesitant.KINDS]
    lines += [table(("by kind, present setting", *HEAD[1:]), [row(kind, found) for kind, found in kinds if found]), ""]
    sound = [seconds for one in phrases for _, seconds in one.turn_end.values()]
    words = [seconds for one in phrases for _, seconds in one.decodings]
    return [
        *lines,
        f"Smart Turn {1000 * np.mean(sound):.0f} ms, a decoding by Moonshine {1000 * np.mean(words):.0f} ms.",
    ]


def fit(phrases: Sequence[Heard]) -> str:
    """Logistic regression of "the phrase is over" on the signs at each silence that Smart Turn judged."""
    likely = end_probability("en")
    signs, over = [], []
    for heard in phrases:
        for number, (probability, _) in heard.turn_end.items():
            since = (number + 1 - ASKED) * WINDOW
            known = [text for at, text in heard.partials if at <= since + 320 * MS]
            signs.append([1.0, sound_odds(probability), word_odds(known[-1] if known else "", "en", likely)])
            over.append(since > heard.phrase.end - 200 * MS)
    design, truth = np.array(signs), np.array(over, float)
    weights = np.zeros(3)
    for _ in range(50):
        predicted = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (predicted * (1 - predicted))[:, None]).T @ design + 0.01 * np.eye(3)
        weights -= np.linalg.solve(curvature, design.T @ (predicted - truth) + 0.01 * weights)
    constant, sound, words = weights
    return (
        f"{len(truth)} silences, {truth.sum():.0f} ends: log odds = {constant:.2f} + {sound:.2f} × sound + "
        f"{words:.2f} × words; 0, 1 and 1 mean that the constants fit"
    )


def networks(settings: Settings) -> tuple[Callable[[], SileroVad], TurnEndDetector, MoonshineEngine]:
    """Silero (one for each stream), Smart Turn and Moonshine."""

    def vad() -> SileroVad:
        return SileroVad(verified_folder(SILERO, settings) / SILERO.files[0].path)

    turn_end = TurnEndDetector(verified_folder(SMART_TURN, settings) / SMART_TURN.files[0].path)
    moonshine = MoonshineEngine(MoonshineNetwork(verified_folder(MOONSHINE, settings), 1), lambda: vad().probability)
    return vad, turn_end, moonshine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=Path, default=hesitant.PROMPTS, help="folder of the prompts of Asterisk")
    parser.add_argument("--phrases", type=int, default=4, help="of each of Allison Smith's sentences")
    parser.add_argument("--tuning", action="store_true", help="the sentences by which the constants were chosen")
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    where = machine()
    vad, turn_end, moonshine = networks(real_models.SETTINGS)
    phrases: list[Heard] = []
    for number, sentence in enumerate(hesitant.sentences(arguments.prompts)):
        if hesitant.is_for_tuning(sentence) != arguments.tuning:
            continue
        spoken = list(hesitant.phrases(sentence))
        if sentence.speaker == hesitant.MANY:
            generator = np.random.default_rng(number)
            drawn = generator.choice(len(spoken), min(arguments.phrases, len(spoken)), replace=False)
            spoken = [spoken[place] for place in sorted(drawn)]
        for phrase in spoken:
            heard = hear(phrase, vad().probability, turn_end.probability, (ASKED,))
            transcribe(heard, moonshine.decode, vad().probability, pause=DECODED, prompt_in=PROMPT)
            phrases.append(heard)
    turn_end.close()
    moonshine.close()
    print(f"{where}\n")
    print("\n".join(report(phrases)))
    if arguments.fit:
        print(fit(phrases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
