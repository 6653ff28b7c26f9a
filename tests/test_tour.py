"""docs/tour.md follows one spoken turn through the files; what it says of them is held against the code.

A section of the tour is a heading and a list: links to files with the classes and functions that do the step, then
the facts that it takes and those that it publishes, by their tags. Numbered sections are the turn itself, in order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from msgspec.inspect import StructType, type_info

from bus.events import CharacterFact, Fact, Live, Media

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "docs" / "tour.md"
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/__main__.py"))
ROOMS = (
    "ui/avatar-chat", "services/gateway", "bus", "services/stt", "services/dialogue", "services/tts", "services/render",
    "projections",
)  # fmt: skip
"""In the order in which a spoken turn first comes to them."""
OTHER_ROOMS = ("services/channels",)
"""Where only other turns come to."""
_FILE = re.compile(r"^- \[([^\]]+)\]\(([^)]+)\): (.+)$")
_FACTS = re.compile(r"^- (takes|publishes): (.+)$")


@dataclass(frozen=True)
class Section:
    """One step of the turn, or one way in which another turn differs from it."""

    title: str
    links: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Text, target and symbols of each link."""
    takes: tuple[str, ...]
    publishes: tuple[str, ...]

    @property
    def number(self) -> int | None:
        found = re.match(r"(\d+)\. ", self.title)
        return int(found[1]) if found else None

    @property
    def files(self) -> list[Path]:
        return [path for _, target, _ in self.links if (path := _file(target)).is_file()]

    @property
    def room(self) -> str:
        path = self.links[0][0] if self.links else ""
        return next((room for room in ROOMS + OTHER_ROOMS if path.startswith(f"{room}/")), path)


def sections(text: str) -> list[Section]:
    """The sections of a tour, in order."""
    return [_section(part) for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]]


def _section(text: str) -> Section:
    title, *lines = re.sub(r"\n {2,}", " ", text).splitlines()  # a list item may go on in the next line
    links: list[tuple[str, str, tuple[str, ...]]] = []
    facts: dict[str, tuple[str, ...]] = {"takes": (), "publishes": ()}
    for line in lines:
        if found := _FILE.match(line):
            links.append((found[1], found[2], _quoted(found[3])))
        elif found := _FACTS.match(line):
            facts[found[1]] = _quoted(found[2])
    return Section(title, tuple(links), facts["takes"], facts["publishes"])


def _quoted(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", text))


def _file(target: str) -> Path:
    return (TOUR.parent / target).resolve()


# what the code has


@cache
def classes() -> dict[str, str]:
    """The class of each tag that goes over the log."""
    tagged: dict[str, str] = {}
    for kind in (*get_args(Fact), *get_args(CharacterFact), *get_args(Live), *get_args(Media)):
        info = type_info(kind)
        assert isinstance(info, StructType)
        tagged[str(info.tag)] = kind.__name__
    return tagged


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def defined(path: Path) -> frozenset[str]:
    """Functions and classes of a file, and the methods of its classes as `Class.method`."""
    if path.suffix != ".py":
        return frozenset(_defined_in_typescript(path.read_text()))
    names: set[str] = set()
    for node in _tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            functions = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
            names |= {f"{node.name}.{one.name}" for one in functions}
    return frozenset(names)


def _defined_in_typescript(text: str) -> Iterator[str]:
    yield from re.findall(r"^(?:export )?(?:async )?function (\w+)", text, re.MULTILINE)
    for part in re.split(r"^(?=(?:export )?class )", text, flags=re.MULTILINE)[1:]:
        found = re.match(r"(?:export )?class (\w+)", part)
        assert found is not None
        yield found[1]
        methods = re.findall(r"^  (?:private )?(?:async )?(\w+)\(", part, re.MULTILINE)
        yield from (f"{found[1]}.{name}" for name in methods)


@cache
def constructed(path: Path) -> frozenset[str]:
    """Classes that a file makes instances of."""
    calls = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call))
    return frozenset(call.func.id for call in calls if isinstance(call.func, ast.Name))


@cache
def mentioned(path: Path) -> frozenset[str]:
    """Names that a file uses for anything but making an instance or importing: to match, to ask for, to read."""
    made = {id(node.func) for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)}
    names = (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Name) and id(node) not in made)
    return frozenset(name.id for name in names)


def queues() -> dict[str, set[str]]:
    """The facts that each service takes from its queue: what its `Service` is given as `consumes`."""
    found: dict[str, set[str]] = {}
    for service in SERVICES:
        nodes = [one for path in (ROOT / "services" / service).rglob("*.py") for one in ast.walk(_tree(path))]
        keywords = [node for node in nodes if isinstance(node, ast.keyword) and node.arg == "consumes"]
        given = {name for keyword in keywords for name in _names(keyword.value)}
        for node in nodes:  # a constant of the service
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in given and node.value is not None:
                given |= _names(node.value)
        if given:
            found[service] = given & set(classes().values())
    return found


def _names(value: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


# what is wrong with a section


def wrong_links(section: Section) -> Iterator[str]:
    if not section.links:
        yield f"“{section.title}” names no file: add a line `- [path](../path): `symbol``"
    for text, target, symbols in section.links:
        path = _file(target)
        if not path.is_file():
            yield f"“{section.title}”: {target} is not there; link the file that does this step now"
            continue
        if path != ROOT / text:
            yield f"“{section.title}”: the link says {text} and leads to {path.relative_to(ROOT)}; make them one"
        if not symbols:
            yield f"“{section.title}”: name the class or function in {text} that does this step"
        for symbol in symbols:
            if symbol not in defined(path):
                yield (
                    f"“{section.title}”: {text} defines no {symbol}; put its new name there, or link the file that it "
                    f"has moved to. Defined are: {', '.join(sorted(defined(path)))}"
                )


def wrong_facts(section: Section) -> Iterator[str]:
    files = ", ".join(str(path.relative_to(ROOT)) for path in section.files)
    python = [path for path in section.files if path.suffix == ".py"]
    typescript = "".join(path.read_text() for path in section.files if path.suffix != ".py")
    mend = "link the file that does, or name the fact in another step"
    for tag in (*section.takes, *section.publishes):
        if tag not in classes():
            yield f"“{section.title}”: bus/events.py has no fact {tag}; its tags are in docs/events.md"
    for tag in section.publishes:
        name = classes().get(tag, "")
        if name and not any(name in constructed(path) for path in python):
            yield f"“{section.title}” publishes {tag}, but no {name} is made in {files}: {mend}"
    for tag in section.takes:
        name = classes().get(tag, "")
        if name and f"'{tag}'" not in typescript and not any(name in mentioned(path) for path in python):
            yield f"“{section.title}” takes {tag}, but nothing looks at a {name} in {files}: {mend}"


def wrong_order(tour: list[Section]) -> Iterator[str]:
    numbers = [section.number for section in tour if section.number is not None]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the steps are numbered {numbers}; number them from 1 on"
    if [section.number is not None for section in tour] != sorted(
        (section.number is not None for section in tour), reverse=True
    ):
        yield "put the numbered steps before the sections about what differs"
    published: set[str] = set()
    for section in tour:
        if section.number is None:  # a way to differ may begin and end in one section
            published |= set(section.publishes)
        for tag in section.takes:
            if tag not in published:
                yield f"“{section.title}” takes {tag}, which no step before it publishes: name it where it is published"
        published |= set(section.publishes)
    rooms = list(dict.fromkeys(section.room for section in tour if section.number is not None))
    if rooms != list(ROOMS):
        yield f"the turn comes to {', '.join(rooms)}; it should come to {', '.join(ROOMS)}, in this order"


def missing_facts(tour: list[Section]) -> Iterator[str]:
    for service, names in queues().items():
        taken = {
            classes().get(tag)
            for section in tour
            if any(path.is_relative_to(ROOT / "services" / service) for path in section.files)
            for tag in section.takes
        }
        for name in sorted(names - taken):
            yield f"services/{service} takes {name} from its queue, and no section about it says so: add it under takes"


def complain(complaints: Iterable[str]) -> None:
    """Fail with all of them, each on a line of its own."""
    if found := "\n".join(complaints):
        pytest.fail(f"docs/tour.md no longer tells what the code does:\n{found}", pytrace=False)


TEXT = TOUR.read_text()
SECTIONS = sections(TEXT)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_every_file_and_symbol_named_is_there(section: Section) -> None:
    complain(wrong_links(section))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_every_fact_named_is_published_and_handled_where_the_tour_says(section: Section) -> None:
    complain(wrong_facts(section))


def test_the_steps_follow_one_another() -> None:
    complain(wrong_order(SECTIONS))
    assert sum(section.number is not None for section in SECTIONS) >= 15


def test_every_service_and_what_it_takes_from_its_queue_occurs() -> None:
    assert len(queues()) == len(SERVICES) - 1  # the gateway has none
    complain(missing_facts(SECTIONS))
    assert {f"services/{service}" for service in SERVICES} <= {section.room for section in SECTIONS}


# that the checks notice


def changed(old: str, new: str) -> list[Section]:
    assert old in TEXT
    return sections(TEXT.replace(old, new))


def complaints(tour: list[Section]) -> str:
    found = [*wrong_order(tour), *missing_facts(tour)]
    for section in tour:
        found += [*wrong_links(section), *wrong_facts(section)]
    return "\n".join(found)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("stt/service.py)", "stt/gone.py)", "gone.py is not there"),
        ("[services/stt/service.py]", "[services/stt/engine.py]", "make them one"),
        ("`Playout.tick`", "`Playout.tock`", "defines no Playout.tock"),
        ("`fold`", "`unfold`", "defines no unfold"),
        ("- publishes: `reply.started`", "- publishes: `reply.begun`", "has no fact reply.begun"),
        ("- publishes: `speech.started`", "- publishes: `frames.started`", "no FramesStarted is made in"),
        ("- takes: `reply.sentence`", "- takes: `reply.ended`", "nothing looks at a ReplyEnded in"),
        ("- publishes: `utterance.started`", "- publishes: `audio.in`", "takes utterance.started, which no step"),
        ("### 2. ", "### 3. ", "number them from 1 on"),
        ("- takes: `message.received`", "- takes: `transcript.final`", "takes MessageReceived from its queue"),
    ],
)
def test_a_tour_that_has_gone_wrong_is_noticed(old: str, new: str, complaint: str) -> None:
    assert complaint in complaints(changed(old, new))


def test_services_out_of_order_are_noticed() -> None:
    steps = [section for section in SECTIONS if section.number is not None]
    assert "in this order" in "\n".join(wrong_order([*reversed(steps)]))
