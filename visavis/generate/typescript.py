"""Writes the TypeScript types of the page's data: `python -m visavis.generate.typescript`; `--check` compares.

Follows the annotations of `bus/events.py` and `projections/view.py` as they are written, so that names of aliases and
the docstrings of fields reach the page too. All fields are required, as msgspec writes defaults out, except those that
may be `UnsetType`.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import msgspec

from bus import events
from projections import view
from visavis.generate.output import write_or_check

ROOTS: Mapping[ModuleType, tuple[str, ...]] = {
    events: ("Event", "LiveEvent"),
    view: ("ConversationView", "ConversationUpdate"),
}
"""What the page receives; everything these refer to is written, nothing else."""
CONSTANTS = ("MICROPHONE_RATE", "SPEECH_RATE")
FOLDER = Path(__file__).parents[2] / "ui" / "avatar-chat" / "src" / "generated"

_HEADER = "// Generated from {source} by `python -m visavis.generate.typescript`. Do not edit.\n"
_PRIMITIVES = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
_WIDTH = 120


def _documentation(node: ast.stmt | None) -> str | None:
    """The text of a docstring that stands behind a field, an alias or a constant."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return None


def _comment(text: str | None, indent: str = "") -> list[str]:
    if not text:
        return []
    if "\n" not in text and len(text) + len(indent) + 7 <= _WIDTH:
        return [f"{indent}/** {text} */"]
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, _WIDTH - len(indent) - 3) or [""]]
    return [f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */"]


def _literals(node: ast.expr) -> str:
    values = node.elts if isinstance(node, ast.Tuple) else [node]
    return " | ".join(f"'{ast.literal_eval(value)}'" for value in values)


def translate(node: ast.expr) -> str:
    """One annotation in TypeScript.

    Raises:
        NotImplementedError: a form that the vocabulary did not use when this was written.
    """
    match node:
        case ast.Name(id=name):
            return _PRIMITIVES.get(name, name)
        case ast.Constant(value=None):
            return "null"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{translate(left)} | {translate(right)}"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return _literals(values)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            return translate(kind)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant(value=value)])) if (
            value is ...
        ):
            of = translate(item)
            return f"readonly ({of})[]" if " " in of else f"readonly {of}[]"
        case _:
            raise NotImplementedError(f"no TypeScript for {ast.unparse(node)!r}")


def _union(name: str, node: ast.expr) -> str:
    text = translate(node)
    line = f"export type {name} = {text}"
    return line if len(line) <= _WIDTH else f"export type {name} =\n  | " + text.replace(" | ", "\n  | ")


def _optional(node: ast.expr) -> tuple[ast.expr, bool]:
    """An annotation without `UnsetType`, and whether it had that."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Name(id="UnsetType")):
            return left, True
    return node, False


def _field(name: str, annotation: ast.expr) -> str:
    kind, optional = _optional(annotation)
    return f"  readonly {name}{'?' if optional else ''}: {translate(kind)}"


def _struct(module: ModuleType, node: ast.ClassDef) -> list[str]:
    """An interface, or a tuple type where the structure is written as an array."""
    struct: type[msgspec.Struct] = getattr(module, node.name)
    config = struct.__struct_config__
    fields = [
        (field.target.id, field.annotation, _documentation(after))
        for field, after in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    ]
    if [name for name, _, _ in fields] != list(struct.__struct_fields__):
        raise NotImplementedError(f"{node.name} inherits fields")
    lines = _comment(ast.get_docstring(node))
    if config.array_like:
        lines.append(f"export type {node.name} = readonly [")
        end = "]"
    else:
        lines.append(f"export interface {node.name} {{")
        end = "}"
        if config.tag is not None:
            lines.append(f"  readonly {config.tag_field}: '{config.tag}'")
    for name, annotation, documentation in fields:
        lines += _comment(documentation, "  ")
        lines.append(f"  {name}: {translate(annotation)}," if config.array_like else _field(name, annotation))
    return [*lines, end]


def _declarations(module: ast.Module) -> dict[str, tuple[ast.stmt, str | None]]:
    """Classes, aliases and constants of the module by name, in their order, with what is said about them."""
    found: dict[str, tuple[ast.stmt, str | None]] = {}
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        match node:
            case ast.ClassDef(name=name):
                found[name] = (node, None)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                found[name] = (node, _documentation(after))
            case ast.Assign(targets=[ast.Name(id=name)]) if name in CONSTANTS:
                found[name] = (node, _documentation(after))
            case _:
                pass
    return found


_EVENT_TYPES = frozenset(_declarations(ast.parse(inspect.getsource(events))))


def _imported(names: Sequence[str]) -> str:
    line = f"import type {{ {', '.join(names)} }} from './events'\n"
    return line if len(line) <= _WIDTH else "import type {\n  " + ",\n  ".join(names) + ",\n} from './events'\n"


def _mentioned(node: ast.stmt) -> Iterator[str]:
    parts = [node.value] if isinstance(node, ast.AnnAssign) else [
        field.annotation for field in getattr(node, "body", []) if isinstance(field, ast.AnnAssign)
    ]
    for part in parts:
        if part is not None:
            yield from (name.id for name in ast.walk(part) if isinstance(name, ast.Name))


def generate(module: ModuleType = events, source: str | None = None) -> str:
    """The text of the TypeScript module that declares the same types as a Python module.

    Raises:
        NotImplementedError: an annotation of a form that is not known yet.
    """
    declarations = _declarations(ast.parse(source or inspect.getsource(module)))
    wanted, foreign, queue = set(CONSTANTS), set[str](), list(ROOTS[module])
    while queue:
        name = queue.pop()
        if name in declarations and name not in wanted:
            wanted.add(name)
            queue += _mentioned(declarations[name][0])
        elif name not in declarations and name in _EVENT_TYPES:
            foreign.add(name)
    parts = [_HEADER.format(source=f"{module.__name__.replace('.', '/')}.py")]
    if foreign:
        parts.append(_imported(sorted(foreign)))
    for name, (node, documentation) in declarations.items():
        if name not in wanted:
            continue
        match node:
            case ast.ClassDef():
                lines = _struct(module, node)
            case ast.AnnAssign(value=value) if value is not None:
                lines = [*_comment(documentation), _union(name, value)]
            case _:
                lines = [*_comment(documentation), f"export const {name} = {json.dumps(getattr(module, name))}"]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def target_of(module: ModuleType, folder: Path = FOLDER) -> Path:
    """The file for the types of a module."""
    return folder / f"{module.__name__.rpartition('.')[2]}.ts"


def main(arguments: Sequence[str] | None = None, *, folder: Path = FOLDER) -> int:
    """Write the types, or compare them with those on disk; returns the exit status."""
    return max(
        write_or_check("visavis.generate.typescript", target_of(module, folder), generate(module), arguments)
        for module in ROOTS
    )


if __name__ == "__main__":
    sys.exit(main())
