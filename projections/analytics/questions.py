"""The ready questions: each is one SELECT over the views of `projections.analytics.database`, without copies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct

from bus.errors import NotFound
from projections.analytics.database import Answer, Database

Chart = Literal["bars", "lines"]
MEASURES = ("answer", "endpoint", "transcript", "first_sentence", "first_audio", "playback_wait", "first_frame")
LOW_CONFIDENCE = 0.5
"""Words below were probably not understood."""


class Question(Struct, frozen=True, kw_only=True):
    """A question with its picture: `y` over `x`, one line or colour for each value of `series`."""

    name: str
    title: str
    sql: str
    """`$1` is the first day, in UTC, that counts; `$2` the first moment."""
    chart: Chart = "bars"
    x: str = "day"
    y: tuple[str, ...]
    series: str | None = None
    unit: str = ""


_WHERE = "WHERE day >= $1 AND began >= $2 AND NOT copied"
_LATENCIES = " UNION ALL ".join(
    f"SELECT day, '{name}' AS step, {place} AS place, {name}_ms AS ms FROM turns {_WHERE}"
    for place, name in enumerate(MEASURES)
)

QUESTIONS: dict[str, Question] = {
    question.name: question
    for question in (
        Question(
            name="turns", title="Turns a day by channel", series="channel", y=("turns",),
            sql="SELECT day, channel, count(*) AS turns, count(*) FILTER (spoken) AS spoken, "
            f"count(DISTINCT conversation) AS conversations FROM turns {_WHERE} GROUP BY ALL ORDER BY day, channel",
        ),
        Question(
            name="latency", title="Latency by step", chart="lines", series="step", y=("p50", "p95"), unit="ms",
            sql="SELECT day, step, count(ms) AS turns, round(quantile_cont(ms, 0.5), 1) AS p50, "
            f"round(quantile_cont(ms, 0.95), 1) AS p95 FROM ({_LATENCIES}) WHERE ms IS NOT NULL "
            "GROUP BY day, step, place ORDER BY day, place",
        ),
        Question(
            name="interruptions", title="Answers interrupted", y=("interrupted",), series="source",
            sql=f"WITH answered AS (SELECT day, interrupted AS source FROM turns {_WHERE} AND sentences > 0), "
            "days AS (SELECT day, count(*) AS answers FROM answered GROUP BY day) "
            "SELECT day, source, count(*) AS interrupted, any_value(answers) AS answers, "
            "round(100 * count(*) / any_value(answers), 1) AS percent "
            "FROM answered JOIN days USING (day) WHERE source IS NOT NULL GROUP BY ALL ORDER BY day, source",
        ),
        Question(
            name="failures", title="Failures", y=("failures",), series="service",
            sql="SELECT day, service, kind, code, count(*) AS failures FROM failures "
            f"{_WHERE} GROUP BY ALL ORDER BY day, failures DESC",
        ),
        Question(
            name="takeovers", title="Work taken over from workers that died", y=("takeovers",), series="service",
            sql=f"SELECT day, service, count(*) AS takeovers FROM takeovers {_WHERE} GROUP BY ALL ORDER BY ALL",
        ),
        Question(
            name="engines", title="Engines compared", x="engine", y=("p50", "p95"), series="service", unit="ms",
            sql="SELECT service, engine, count(*) AS turns, round(quantile_cont(first_ms, 0.5), 1) AS p50, "
            "round(quantile_cont(first_ms, 0.95), 1) AS p95, "
            "round(sum(media_ms) / nullif(sum(work_ms), 0), 2) AS speed, sum(failures) AS failures "
            f"FROM engines {_WHERE} GROUP BY ALL ORDER BY service, turns DESC",
        ),
        Question(
            name="words", title="Words heard with low confidence", x="engine", y=("low",), series="language",
            sql="SELECT coalesce(engine, '') AS engine, coalesce(language, '') AS language, "
            "count(*) AS utterances, sum(words) AS words, "
            f"sum(len(list_filter(confidences, lambda c: c < {LOW_CONFIDENCE}))) AS low, "
            "round(avg(confidence), 3) AS confidence, sum(truth_words) AS corrected_words, "
            "round(100 * sum(word_errors) / nullif(sum(truth_words), 0), 1) AS word_errors_percent "
            f"FROM utterances {_WHERE} AND words > 0 GROUP BY ALL ORDER BY ALL",
        ),
        Question(
            name="cost", title="Tokens and cost", y=("cost", "tokens"), series="model",
            sql="SELECT day, model, count(*) AS replies, sum(prompt_tokens + reply_tokens) AS tokens, "
            "round(sum(prompt_tokens) / count(DISTINCT turn), 1) AS prompt_a_turn, "
            "round(sum(reply_tokens) / count(DISTINCT turn), 1) AS reply_a_turn, round(sum(cost), 6) AS cost, "
            f"round(sum(cost) / count(DISTINCT turn), 6) AS cost_a_turn FROM cost {_WHERE} "
            "GROUP BY ALL ORDER BY day, model",
        ),
        Question(
            name="deliveries", title="Messages through channels", y=("deliveries",), series="status",
            sql="SELECT day, channel, status, count(*) AS deliveries, round(quantile_cont(sent_ms, 0.5), 1) AS p50, "
            f"round(quantile_cont(sent_ms, 0.95), 1) AS p95 FROM deliveries {_WHERE} GROUP BY ALL ORDER BY ALL",
        ),
        Question(
            name="memory", title="Memory by service", chart="lines", x="time", y=("memory_mib",), series="service",
            unit="MiB",
            sql="SELECT time_bucket(INTERVAL 10 MINUTE, began) AS time, service, any_value(engine) AS engine, "
            f"round(max(memory) / 1048576) AS memory_mib, max(held) AS held FROM machine {_WHERE} "
            "GROUP BY ALL ORDER BY time, service",
        ),
        Question(
            name="gpu", title="Use of graphics cards", chart="lines", x="time", y=("percent",), series="card", unit="%",
            sql="SELECT time_bucket(INTERVAL 10 MINUTE, began) AS time, concat(host, ' ', gpu) AS card, "
            "round(100 * avg(gpu_busy), 1) AS percent, round(max(gpu_memory) / 1048576) AS memory_mib, "
            f"round(max(gpu_memory_total) / 1048576) AS total_mib FROM machine {_WHERE} AND gpu IS NOT NULL "
            "GROUP BY ALL ORDER BY time, card",
        ),
    )
}  # fmt: skip


def ask(database: Database, name: str, since: int) -> Answer:
    """The answer to a ready question.

    Args:
        since: microseconds since 1970.
    Raises:
        NotFound: there is no such question.
    """
    first = datetime.fromtimestamp(since / 1_000_000, UTC)
    return database.select(question(name).sql, [first.date(), first.replace(tzinfo=None)])


def question(name: str) -> Question:
    """The ready question of a name.

    Raises:
        NotFound: there is none.
    """
    if name not in QUESTIONS:
        raise NotFound(f"expected one of the questions {', '.join(QUESTIONS)}, got {name!r}")
    return QUESTIONS[name]


def picture(answered: Question, answer: Answer) -> Mapping[str, Any]:
    """A question and its answer for a page, of values that JSON has."""
    return {
        "question": answered.name, "title": answered.title, "chart": answered.chart, "x": answered.x,
        "y": list(answered.y), "series": answered.series, "unit": answered.unit, "columns": list(answer.columns),
        "rows": answer.records(), "cut": answer.cut,
    }  # fmt: skip
