"""Renders the reference of the guide for plugin authors from signatures and docstrings.

`python -m tests.support.guide_reference` updates the guide.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tests.support.guide_examples import replace_reference

import tenure_sdk
from tenure_core.plugins.hookspecs import list_specs
from tenure_sdk import conformance, graphql, testing
from tenure_sdk.cli import plugin_context

DECLARATIONS = (
    "Manifest", "Entity", "column", "belongs_to", "Composite", "ComputedColumn", "BatchField",
    "GraphQLParts", "Permission", "RoleDefinition", "Job", "DemoData", "DemoAccount",
)  # fmt: skip
VALUES = ("WriteSet", "RowWrite", "RowError", "Change", "RowResult", "UserError")
RESOLVER_API = ("EntityRef", "entity_type", "platform_type", "list_of", "record_id", "InputRejectedError")
WEBHOOK_API = (
    "WebhookEndpoint", "WebhookClient", "DeliveryRejectedError", "sign_webhook_message", "check_webhook_url",
    "AddressPolicy", "WebhookUrlError",
)  # fmt: skip
MAX_LINE_LENGTH = 100

SECTION = re.compile(r"^(Args|Returns|Raises|Example|Examples|Class arguments):$")
ENTRY = re.compile(r"^    (\w+): ")


def render_reference() -> dict[str, str]:
    """Return each part of the reference by name."""
    webhook_client = _render_members("webhook_client", tenure_sdk.WebhookClient)
    return {
        "hooks": _join(_render_function(name, hook) for name, hook in list_specs().items()),
        "declarations": _join(_render_names(tenure_sdk, DECLARATIONS)),
        "contexts": _join(
            [
                *_render_members("context", tenure_sdk.Context),
                *_render_members("context.write", tenure_sdk.Writer),
                *_render_names(tenure_sdk, VALUES),
                *_render_members("writes", tenure_sdk.WriteSet),
            ]
        ),
        "resolvers": _join(
            [
                *_render_names(graphql, RESOLVER_API),
                *_render_members("info.context", graphql.ResolverContext),
                *_render_members("info.context", graphql.SubscriptionContext, " (subscription)"),
            ]
        ),
        "webhooks": _join([*_render_names(tenure_sdk, WEBHOOK_API), *webhook_client]),
        "tests": _join(
            [
                _render_function("check_plugin", conformance.check_plugin),
                *_render_names(conformance, ("Report", "Finding")),
                *_render_members("report", conformance.Report),
                *_render_members("tenant", testing.Tenant),
                *_render_members("tenure", testing.RunningTenure),
                _render_function("run_for_tenant", plugin_context.run_for_tenant),
            ]
        ),
    }


def _join(entries: Iterable[str]) -> str:
    return "\n\n".join(entries)


def _render_names(module: Any, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = getattr(module, name)
        yield _render_class(name, value) if inspect.isclass(value) else _render_function(name, value)


def _render_members(title: str, owner: type, suffix: str = "") -> Iterator[str]:
    """Yield the public methods and properties that a class defines itself."""
    for name, member in vars(owner).items():
        if name.startswith("_") or not inspect.getdoc(member):
            continue
        if isinstance(member, property):
            yield _render_entry(f"{title}.{name}{suffix}", "", inspect.getdoc(member) or "")
        elif inspect.isroutine(member):
            yield _render_function(f"{title}.{name}{suffix}", member)


def _render_class(name: str, cls: type) -> str:
    has_no_arguments = cls.__init__ is object.__init__ or issubclass(cls, tenure_sdk.Entity)
    arguments = "" if has_no_arguments else _render_arguments(cls)
    return _render_entry(name, f"class {name}{arguments}", inspect.getdoc(cls) or "")


def _render_function(title: str, function: Any) -> str:
    keyword = "async def" if inspect.iscoroutinefunction(inspect.unwrap(function)) else "def"
    annotation = inspect.signature(function).return_annotation
    result = "" if annotation is inspect.Signature.empty else f" -> {_render_annotation(annotation)}"
    name = title if title.isidentifier() else function.__name__
    signature = f"{keyword} {name}{_render_arguments(function)}{result}"
    return _render_entry(title, signature, inspect.getdoc(function) or "")


def _render_arguments(callable_: Any) -> str:
    arguments, is_keyword_only = [], False
    for parameter in inspect.signature(callable_).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not is_keyword_only:
            arguments.append("*")
            is_keyword_only = True
        arguments.append(_render_parameter(parameter))
    line = f"({', '.join(arguments)})"
    return line if len(line) < MAX_LINE_LENGTH else "(\n    " + ",\n    ".join(arguments) + ",\n)"


def _render_parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{stars}{parameter.name}: {_render_annotation(parameter.annotation)}{default}"


def _render_annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _render_entry(title: str, signature: str, docstring: str) -> str:
    code = f"```python\n{signature}\n```\n\n" if signature else ""
    return f"#### `{title}`\n\n{code}{_to_markdown(docstring)}"


def _to_markdown(docstring: str) -> str:
    """Return a docstring as Markdown: arguments become a list, examples a code block."""
    lines, section = [], ""
    for line in docstring.strip().splitlines():
        if heading := SECTION.match(line):
            section = heading[1]
            lines.append("```python" if section.startswith("Example") else f"{section}:\n")
        elif not line.startswith("    ") and section.startswith("Example"):
            section = ""
            lines += ["```", line]
        else:
            lines.append(_to_markdown_line(line, section))
    return "\n".join([*lines, *(["```"] if section.startswith("Example") else [])])


def _to_markdown_line(line: str, section: str) -> str:
    if section.startswith("Example"):
        return line[4:]
    if section and (entry := ENTRY.match(line)):
        return f"- `{entry[1]}`: {line[entry.end() :]}"
    if section == "Returns":
        return line.strip()
    return f"  {line.strip()}" if section and line.startswith("     ") else line


if __name__ == "__main__":
    replace_reference(render_reference())
