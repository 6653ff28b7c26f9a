"""The page's types say what the vocabulary says."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from bus import events
from projections import view
from visavis.generate import typescript


@pytest.mark.parametrize("module", typescript.ROOTS)
def test_the_types_of_the_page_are_current(module: ModuleType) -> None:
    assert typescript.target_of(module).read_text(encoding="utf-8") == typescript.generate(module)


def test_every_fact_and_every_live_event_is_in_the_unions() -> None:
    text = typescript.generate()
    for union in (events.Fact, events.Live):
        for body in union.__args__:
            assert f"export interface {body.__name__} {{" in text
            assert f"  readonly type: '{body.__struct_config__.tag}'" in text


def test_what_the_page_never_receives_is_not_written() -> None:
    text = typescript.generate()
    assert "FrameBatch" not in text
    assert "DeadLetter" not in text


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("str", "string"),
        ("int | None", "number | null"),
        ("tuple[Word, ...]", "readonly Word[]"),
        ("tuple[str | None, ...]", "readonly (string | null)[]"),
        ("Literal['left', 'lost']", "'left' | 'lost'"),
        ("Literal['one']", "'one'"),
        ("dict[str, str]", "Readonly<Record<string, string>>"),
        ("Annotated[str, Meta(pattern='x')]", "string"),
    ],
)
def test_an_annotation_becomes_its_typescript(annotation: str, expected: str) -> None:
    assert typescript.typescript_type(ast.parse(annotation, mode="eval").body) == expected


def test_an_unknown_form_of_annotation_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match=r"set\[int\]"):
        typescript.typescript_type(ast.parse("set[int]", mode="eval").body)


def test_inherited_fields_are_refused_as_the_generator_reads_own_ones_only() -> None:
    class Event(events.Event, frozen=True, kw_only=True):
        more: int = 0

    module = ModuleType("events")
    vars(module).update(vars(events), Event=Event)
    with pytest.raises(NotImplementedError, match="Event inherits fields"):
        typescript.generate(module, inspect.getsource(events), roots=("Event",))


def test_docstrings_of_fields_reach_the_page() -> None:
    assert "  /** Microseconds since 1970, UTC. */\n  readonly at: Microseconds" in typescript.generate()


def test_a_field_that_may_be_unset_may_be_missing_and_types_of_events_are_imported() -> None:
    text = typescript.generate(view)
    assert "  readonly title?: string\n" in text
    assert "  readonly turns?: readonly ChangedTurn[]\n" in text
    assert "  readonly event: Event\n" in text
    assert "export interface Event " not in text
    imported = text[text.index("import type {") : text.index("} from './events'")]
    assert "Event" in imported
    assert "TurnId" in imported


def test_an_array_like_structure_is_a_tuple_in_the_order_of_the_wire() -> None:
    mark = events.VisemeMark(sample=960, viseme="PP")
    assert msgspec.json.decode(msgspec.json.encode(mark)) == [960, "PP", 1.0]
    text = typescript.generate()
    start = text.index("export type VisemeMark = readonly [")
    order = [text.index(f"  {name}: ", start) for name in ("sample", "viseme", "weight")]
    assert order == sorted(order)


def test_a_missing_file_is_written_and_then_current(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    assert typescript.main(["--check"], folder=folder) == 1
    assert not folder.exists()
    assert typescript.main([], folder=folder) == 0
    assert (folder / "events.ts").read_text(encoding="utf-8") == typescript.generate()
    assert (folder / "view.ts").read_text(encoding="utf-8") == typescript.generate(view)
    assert typescript.main(["--check"], folder=folder) == 0


def test_an_old_file_is_named_and_left_alone_by_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert typescript.main([], folder=tmp_path) == 0
    target = tmp_path / "events.ts"
    target.write_text("// old\n", encoding="utf-8")
    assert typescript.main(["--check"], folder=tmp_path) == 1
    assert "events.ts is not current; run `python -m visavis.generate.typescript`" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == "// old\n"
