"""Words that names in the schema must not contain, and names that plugins with commands must not have."""

from __future__ import annotations

ROOT_FIELD_VERBS = frozenset(
    (
        "add", "apply", "calculate", "change", "check", "close", "compute", "create", "delete", "do",
        "enable", "execute", "fetch", "find", "generate", "get", "list", "load", "make", "modify", "open",
        "put", "query", "read", "remove", "resolve", "retrieve", "run", "save", "search", "send", "set",
        "show", "start", "store", "submit", "update", "write",
    )
)  # fmt: skip
"""Verbs that names of root fields must not begin with: a list is `cars`, a mutation `carCreate`."""

FIELD_VERBS = frozenset(("calculate", "compute", "do", "fetch", "find", "get", "make", "retrieve"))
"""Verbs that names of other fields must not begin with. Verbs that are also nouns are allowed: `setPoint`."""

ABBREVIATIONS = {
    "acct": "account",
    "addr": "address",
    "amt": "amount",
    "avg": "average",
    "cat": "category",
    "cfg": "configuration",
    "cnt": "count",
    "cust": "customer",
    "dept": "department",
    "desc": "description",
    "dt": "date",
    "equip": "equipment",
    "err": "error",
    "freq": "frequency",
    "hrs": "hours",
    "idx": "index",
    "img": "image",
    "loc": "location",
    "maint": "maintenance",
    "max": "maximum",
    "mgr": "manager",
    "min": "minimum",
    "mins": "minutes",
    "msg": "message",
    "num": "number",
    "obj": "object",
    "org": "organization",
    "param": "parameter",
    "pct": "percent",
    "pic": "picture",
    "prev": "previous",
    "prod": "product",
    "qty": "quantity",
    "secs": "seconds",
    "src": "source",
    "temp": "temperature",
    "tmp": "temporary",
    "usr": "user",
    "val": "value",
}
"""Full words by abbreviation."""

TENURE_COMMANDS = frozenset(
    (
        "demo", "doctor", "ide", "import", "maintain", "migrate", "plugin", "schema", "serve",
        "token", "worker",
    )
)  # fmt: skip
"""Built-in commands of `tenure`. The commands of a plugin with one of these names can't be called."""
