"""The names of the ready questions, for command lines: DuckDB is not imported for them."""

from __future__ import annotations

DEFAULT_SINCE = "30d"
QUESTION_NAMES = {
    "turns": "turns a day by channel",
    "latency": "latency by step over time, with p50 and p95",
    "interruptions": "answers interrupted, by speech, button or message",
    "failures": "failures by service and code",
    "takeovers": "work taken over from workers that died",
    "engines": "engines compared: first output, speed, failures",
    "words": "words heard with low confidence, by engine and language",
    "cost": "tokens and cost of the language model, a day and a turn",
    "deliveries": "messages through channels",
    "memory": "memory of each service, every ten minutes",
    "gpu": "use of graphics cards, every ten minutes",
}
