"""Generates the TypeScript types of the page's data: `python -m visavis.generate.typescript`; `--check` compares.

Reads the source of `bus/events.py` and of the views in `projections`, so that names of aliases and docstrings of fields
are kept. All fields are required, as msgspec encodes defaults, except those that may be
`UnsetType`.
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
from projections import link_view, view
from projections.replay import view as replay_view
from visavis.generate.output import inline_literals, write_or_check

ROOTS: Mapping[ModuleType, tuple[str, ...]] = {
    events: ("Event", "LiveEvent"),
    view: ("ConversationView", "ConversationUpdate"),
    link_view: ("ChannelsView", "LinkOffer"),
    replay_view: ("ReplayView", "ReplayEventDetail"),
}
"""The types that the page receives, by module; they and all types that they refer to are generated."""
CONSTANTS = ("MICROPHONE_RATE", "SPEECH_RATE")
FOLDER = Path(__file__).parents[2] / "ui" / "avatar-chat" / "src" / "generated"

_HEADER = "// Generated from {source} by `python -m visavis.generate.typescript`. Do not edit.\n"
_PRIMITIVES = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
_WIDTH = 120


def _documentation(node: ast.stmt | None) -> str | None:
    """The docstring of a field, an alias or a constant, given the statement after it."""
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


def typescript_type(node: ast.expr) -> str:
    """The TypeScript type of an annotation.

    Raises:
        NotImplementedError: the annotation has a form that this generator does not know.
    """
    match node:
        case ast.Name(id=name):
            return _PRIMITIVES.get(name, name)
        case ast.Constant(value=None):
            return "null"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{typescript_type(left)} | {typescript_type(right)}"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return _literals(values)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *_])):
            return typescript_type(kind)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[item, ast.Constant(value=value)])) if (
            value is ...
        ):
            of = typescript_type(item)
            return f"readonly ({of})[]" if " " in of else f"readonly {of}[]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
            return f"Readonly<Record<{typescript_type(key)}, {typescript_type(value)}>>"
        case _:
            raise NotImplementedError(f"no TypeScript for {ast.unparse(node)!r}")


def _union(name: str, node: ast.expr) -> str:
    text = typescript_type(node)
    line = f"export type {name} = {text}"
    return line if len(line) <= _WIDTH else f"export type {name} =\n  | " + text.replace(" | ", "\n  | ")


def _optional(node: ast.expr) -> tuple[ast.expr, bool]:
    """An annotation without `UnsetType`, and whether it had one."""
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Name(id="UnsetType")):
            return left, True
    return node, False


def _field(name: str, annotation: ast.expr) -> str:
    kind, optional = _optional(annotation)
    return f"  readonly {name}{'?' if optional else ''}: {typescript_type(kind)}"


def _struct(module: ModuleType, node: ast.ClassDef) -> list[str]:
    """An interface, or a tuple type for a structure that is encoded as an array."""
    struct: type[msgspec.Struct] = getattr(module, node.name)
    config = struct.__struct_config__
    fields = [
        (field.target.id, inline_literals(field.annotation, module, keep=_EVENT_TYPES), _documentation(after))
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
        lines.append(f"  {name}: {typescript_type(annotation)}," if config.array_like else _field(name, annotation))
    return [*lines, end]


def _declarations(module: ast.Module) -> dict[str, tuple[ast.stmt, str | None]]:
    """Classes, aliases and constants of the module by name, in their order, with the docstrings of the latter two."""
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


def _import_line(names: Sequence[str]) -> str:
    line = f"import type {{ {', '.join(names)} }} from './events'\n"
    return line if len(line) <= _WIDTH else "import type {\n  " + ",\n  ".join(names) + ",\n} from './events'\n"


def _referenced_names(node: ast.stmt) -> Iterator[str]:
    parts = (
        [node.value]
        if isinstance(node, ast.AnnAssign)
        else [field.annotation for field in getattr(node, "body", []) if isinstance(field, ast.AnnAssign)]
    )
    for part in parts:
        if part is not None:
            yield from (name.id for name in ast.walk(part) if isinstance(name, ast.Name))


def generate(module: ModuleType = events, source: str | None = None, *, roots: Sequence[str] | None = None) -> str:
    """The text of a TypeScript module with the types of a Python module.

    Args:
        source: of the Python module, where it is not the one on disk.
        roots: names of the types to start from, where they are not those in `ROOTS`.
    Raises:
        NotImplementedError: an annotation has a form that this generator does not know.
    """
    declarations = _declarations(ast.parse(source or inspect.getsource(module)))
    wanted, imported, queue = set(CONSTANTS), set[str](), list(ROOTS[module] if roots is None else roots)
    while queue:
        name = queue.pop()
        if name in declarations and name not in wanted:
            wanted.add(name)
            queue += _referenced_names(declarations[name][0])
        elif name not in declarations and name in _EVENT_TYPES:
            imported.add(name)
    parts = [_HEADER.format(source=f"{module.__name__.replace('.', '/')}.py")]
    if imported:
        parts.append(_import_line(sorted(imported)))
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
    """The file for the types of a module; of the view of a package it has the package's name."""
    package, _, name = module.__name__.rpartition(".")
    return folder / f"{package.rpartition('.')[2] if name == 'view' and '.' in package else name}.ts"


def main(arguments: Sequence[str] | None = None, *, folder: Path = FOLDER) -> int:
    """Write the types, or compare them with those on disk; returns the exit status."""
    return max(
        write_or_check("visavis.generate.typescript", target_of(module, folder), generate(module), arguments)
        for module in ROOTS
    )


if __name__ == "__main__":
    sys.exit(main())
