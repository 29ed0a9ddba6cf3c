"""The reference in the guide for authors of plugins, as the code has it: signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import tenure_sdk
from tenure_core.plugins.loading.hook_validation import SPECS
from tenure_sdk import conformance, graphql, testing

DECLARATIONS = (
    "Manifest", "Entity", "column", "belongs_to", "Composite", "ComputedColumn", "BatchField",
    "GraphQLParts", "Permission", "RoleDefinition", "Job", "DemoData", "DemoAccount",
)  # fmt: skip
GIVEN = ("WriteSet", "RowWrite", "Refusal", "Change", "RowResult", "UserError")
RESOLVING = ("EntityRef", "entity_type", "platform_type", "list_of", "record_id", "RefusedError")
LONGEST_LINE = 100

PART = re.compile(r"^(Args|Returns|Raises|Example|Examples|Class arguments):$")
ENTRY = re.compile(r"^    (\w+): ")


def reference() -> dict[str, str]:
    """Return each part of the reference by its name."""
    return {
        "hooks": _joined(_function(name, hook) for name, hook in SPECS.items()),
        "declarations": _joined(_named(tenure_sdk, DECLARATIONS)),
        "contexts": _joined(
            [
                *_members("context", tenure_sdk.Context),
                *_members("context.write", tenure_sdk.Writer),
                *_named(tenure_sdk, GIVEN),
            ]
        ),
        "resolvers": _joined(
            [
                *_named(graphql, RESOLVING),
                *_members("info.context", graphql.ResolverContext),
                *_members("info.context", graphql.SubscriptionContext, " (subscription)"),
            ]
        ),
        "tests": _joined(
            [
                _function("check_plugin", conformance.check_plugin),
                *_members("tenant", testing.Tenant),
                *_members("tenure", testing.RunningTenure),
            ]
        ),
    }


def _joined(entries: Iterable[str]) -> str:
    return "\n\n".join(entries)


def _named(module: Any, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = getattr(module, name)
        yield _class(name, found) if inspect.isclass(found) else _function(name, found)


def _members(title: str, owner: type, remark: str = "") -> Iterator[str]:
    """Yield the public methods and properties that a class has itself."""
    for name, member in vars(owner).items():
        if name.startswith("_") or not inspect.getdoc(member):
            continue
        if isinstance(member, property):
            yield _entry(f"{title}.{name}{remark}", "", inspect.getdoc(member) or "")
        elif inspect.isroutine(member):
            yield _function(f"{title}.{name}{remark}", member)


def _class(name: str, cls: type) -> str:
    given = "" if cls.__init__ is object.__init__ or issubclass(cls, tenure_sdk.Entity) else _arguments(cls)
    return _entry(name, f"class {name}{given}", inspect.getdoc(cls) or "")


def _function(title: str, function: Any) -> str:
    kind = "async def" if inspect.iscoroutinefunction(inspect.unwrap(function)) else "def"
    returned = inspect.signature(function).return_annotation
    end = "" if returned is inspect.Signature.empty else f" -> {returned}"
    return _entry(
        title, f"{kind} {function.__name__}{_arguments(function)}{end}", inspect.getdoc(function) or ""
    )


def _arguments(callable_: Any) -> str:
    parts, keyword_only = [], False
    for one in inspect.signature(callable_).parameters.values():
        if one.name == "self":
            continue
        if one.kind is one.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
            keyword_only = True
        parts.append(_argument(one))
    line = f"({', '.join(parts)})"
    return line if len(line) < LONGEST_LINE else "(\n    " + ",\n    ".join(parts) + ",\n)"


def _argument(one: inspect.Parameter) -> str:
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    default = "" if one.default is one.empty else f" = {one.default!r}"
    return f"{stars}{one.name}: {one.annotation}{default}"


def _entry(title: str, signature: str, doc: str) -> str:
    code = f"```python\n{signature}\n```\n\n" if signature else ""
    return f"#### `{title}`\n\n{code}{_markdown(doc)}"


def _markdown(doc: str) -> str:
    """Return a docstring as Markdown: arguments become a list, examples a block of code."""
    lines, part = [], ""
    for line in doc.strip().splitlines():
        if found := PART.match(line):
            part = found[1]
            lines.append("```python" if part.startswith("Example") else f"{part}:\n")
        elif not line.startswith("    ") and part.startswith("Example"):
            part = ""
            lines += ["```", line]
        else:
            lines.append(_line(line, part))
    return "\n".join([*lines, *(["```"] if part.startswith("Example") else [])])


def _line(line: str, part: str) -> str:
    if part.startswith("Example"):
        return line[4:]
    if part and (found := ENTRY.match(line)):
        return f"- `{found[1]}`: {line[found.end() :]}"
    if part == "Returns":
        return line.strip()
    return f"  {line.strip()}" if part and line.startswith("     ") else line
