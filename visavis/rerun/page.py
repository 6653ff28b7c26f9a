"""The report of a re-run as one HTML page that needs nothing else: sounds are in it, unless they are many."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from bus.errors import ConfigurationError
from projections.replay.word_error_rate import AlignedWord
from visavis.rerun.report import ConversationReport, Report, Side, Turn, Utterance
from visavis.rerun.texts import (
    amount_sentence,
    counted,
    error_rate_sentence,
    latency_sentence,
    percent,
    verdict_words,
)
from visavis.rerun.written import Sounds

EMBEDDED = 24 << 20
"""Bytes of sound up to which it is in the page itself; beyond, it lies in a folder beside it."""
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0392b; --good: #1e8449; --faint: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; } small, .faint { opacity: .7; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem .35rem 0;
border-bottom: 1px solid var(--line); vertical-align: top; } td.number, th.number { text-align: right;
font-variant-numeric: tabular-nums; white-space: nowrap; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: 1rem 0; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } @media (max-width: 40rem) { .sides {
grid-template-columns: 1fr; } }
h3 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; opacity: .7; margin: .6rem 0 .2rem; }
p { margin: .2rem 0; } audio { width: 100%; height: 2.2rem; }
del { color: var(--bad); } ins { color: var(--bad); text-decoration: underline; } mark { background: #e67e2233;
color: inherit; border-radius: .2rem; } mark del { color: inherit; opacity: .6; margin-right: .25em; }
.scroll { overflow-x: auto; } h2 { overflow-wrap: anywhere; }
.broken, .worse, .slower { color: var(--bad); } .kept, .better, .faster { color: var(--good); }
"""


def write_page(report: Report, sounds: Sounds, path: Path) -> None:
    """Write the page, and the sounds beside it where they are too many.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        addresses = _addresses(sounds, path)
        path.write_text(page(report, addresses), "utf-8")
    except OSError as error:
        raise ConfigurationError(f"the page cannot be written to {path}: {error.strerror}") from error


def _addresses(sounds: Sounds, path: Path) -> dict[tuple[str, str], str]:
    """Where the page finds each sound."""
    if sum(map(len, sounds.values())) <= EMBEDDED:
        return {key: f"data:audio/ogg;base64,{base64.b64encode(data).decode()}" for key, data in sounds.items()}
    folder = path.with_name(f"{path.stem}-sounds")
    folder.mkdir(exist_ok=True)
    found = {}
    for (turn, side), data in sounds.items():
        (folder / f"{turn}-{side}.ogg").write_bytes(data)
        found[turn, side] = f"{folder.name}/{turn}-{side}.ogg"
    return found


def page(report: Report, addresses: dict[tuple[str, str], str]) -> str:
    """The whole page.

    Args:
        addresses: of the sounds, by turn and side: said, before, after.
    """
    conversations = (part for one in report.conversations for part in _conversation(one, addresses))
    body = "\n".join([*_head(report), *conversations])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Re-run</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    engines = ", ".join(f"{service} <b>{escape(name)}</b>" for service, name in report.engines.items()) or "none"
    yield f"<h1>Re-run of {counted(len(report.conversations), 'conversation')}</h1>"
    yield f"<p>Engines: {engines}. Kept as recorded: {', '.join(report.kept) or 'nothing'}.</p>"
    failures = f"Failures: {report.failures_before} before, {report.failures_after} now"
    yield f"<p>{amount_sentence(report).capitalize()}. {failures}.</p>"
    yield f"<p>{escape(error_rate_sentence(report).removeprefix('word errors').strip().capitalize())}.</p>"
    if not report.complete:
        yield '<p class="broken">It was ended early: not everything was re-run.</p>'
    for name, count in report.deaths.items():
        times = counted(count, "time")
        yield f'<p class="broken">{escape(name)} died {times} during the re-run.</p>'
    if report.rules:
        rows = "".join(
            f'<tr><td class="{"kept" if one.kept else "broken"}">{"kept" if one.kept else "broken"}</td>'
            f"<td><code>{escape(one.rule)}</code></td><td>{escape(one.why)}</td></tr>"
            for one in report.rules
        )
        yield f"<h2>Rules</h2><table>{rows}</table>"
    yield _latency_table(report)


def _latency_table(report: Report) -> str:
    rows = []
    for name, one in report.latency.items():
        style = one.verdict if one.verdict in ("faster", "slower") else "faint"
        numbers = (one.before_p50, one.after_p50, one.before_p95, one.after_p95)
        cells = "".join(f'<td class="number">{value:.0f} ms</td>' for value in numbers)
        verdict = escape(verdict_words(one.verdict, one.confidence))
        rows.append(
            f'<tr title="{escape(latency_sentence(one))}"><td>{name}</td>{cells}<td class="number">{one.pairs}</td>'
            f'<td class="{style}">{verdict}</td></tr>'
        )
    rows += [
        f'<tr class="faint"><td>{name}</td><td colspan="6">not compared: {escape(why)}</td></tr>'
        for name, why in report.not_compared.items()
    ]
    head = "".join(f'<th class="number">{name}</th>' for name in ("p50 before", "now", "p95 before", "now", "turns"))
    return (
        f'<h2>Latency</h2><div class="scroll"><table><tr><th>step</th>{head}<th>verdict</th></tr>{"".join(rows)}'
        "</table></div><p><small>Verdicts: sign test of the turns that have both.</small></p>"
    )


def _conversation(one: ConversationReport, addresses: dict[tuple[str, str], str]) -> Iterator[str]:
    copy = f" <small>re-run as {escape(one.copy)}</small>" if one.copy else ""
    yield f"<h2>{escape(one.conversation)}{copy}</h2>"
    if one.error:
        yield f'<p class="broken">Not to its end: {escape(one.error)}</p>'
    for number, turn in enumerate(one.turns, start=1):
        yield f'<article id="{escape(turn.id)}">{"".join(_turn(number, turn, addresses))}</article>'


def _turn(number: int, turn: Turn, addresses: dict[tuple[str, str], str]) -> Iterator[str]:
    yield f"<h3>{number} · {'said' if turn.utterance is not None else 'wrote'}</h3>"
    if turn.utterance is None:
        yield f"<p>{escape(turn.said)}</p>"
    else:
        yield _audio(addresses.get((turn.id, "said")), "what the person said")
        yield from _utterance(turn.utterance)
    yield '<div class="sides">'
    for name, side in (("before", turn.before), ("now", turn.after)):
        address = addresses.get((turn.id, "after" if name == "now" else name))
        yield f"<div>{''.join(_side(name, side, address))}</div>"
    yield "</div>"
    yield from (f"<p><small>{escape(note)}</small></p>" for note in turn.notes)


def _utterance(utterance: Utterance) -> Iterator[str]:
    if not utterance.words and not utterance.aligned_after:
        yield f"<p>{escape(utterance.after or utterance.before or '(no words)')}</p>"
        return
    if utterance.against == "recording" and not utterance.errors_after:
        yield f"<p>{escape(utterance.after or '(no words)')} <small>as recorded</small></p>"
        return
    if utterance.against == "truth":
        yield f"<p>truth: {escape(utterance.reference or '(nothing was said)')}</p>"
        yield f"<p>before: {_aligned(utterance.aligned_before)} <small>{_rate(utterance, before=True)}</small></p>"
    else:
        yield f"<p>before: {escape(utterance.before or '(no words)')}</p>"
    yield f"<p>now: {_aligned(utterance.aligned_after)} <small>{_rate(utterance, before=False)}</small></p>"


def _rate(utterance: Utterance, *, before: bool) -> str:
    errors = utterance.errors_before if before else utterance.errors_after
    share = f", {percent(errors / utterance.words)}" if utterance.words else ""
    what = "wrong" if utterance.against == "truth" else "differ"
    return f"{errors} of {utterance.words} words {what}{share}"


def _aligned(words: Sequence[AlignedWord]) -> str:
    shown = []
    for word in words:
        expected, recognised = escape(word.expected), escape(word.recognised)
        match word.change:
            case "same":
                shown.append(recognised)
            case "substituted":
                shown.append(f"<mark><del>{expected}</del>{recognised}</mark>")
            case "deleted":
                shown.append(f"<del>{expected}</del>")
            case "inserted":
                shown.append(f"<ins>{recognised}</ins>")
    return " ".join(shown) or "(no words)"


def _side(name: str, side: Side, address: str | None) -> Iterator[str]:
    engines = ", ".join(f"{service} {escape(engine)}" for service, engine in side.engines.items())
    yield f"<h3>{name} <small>{engines}</small></h3>"
    yield f"<p>{escape(side.reply) or '<span class=faint>no reply</span>'}</p>"
    if side.interrupted:
        yield f"<p><small>interrupted after: {escape(side.heard) or 'nothing'}</small></p>"
    yield _audio(address, f"the reply {name}")
    latency = ", ".join(f"{step} {value:.0f} ms" for step, value in side.latency.items())
    yield f"<p><small>{latency}</small></p>"
    yield from (f'<p class="broken">failed: {escape(failure)}</p>' for failure in side.failures)


def _audio(address: str | None, label: str) -> str:
    if address is None:
        return ""
    return f'<audio controls preload="none" aria-label="{escape(label)}" src="{escape(address)}"></audio>'
