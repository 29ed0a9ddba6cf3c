"""The vocabulary of names in the schema: words that they don't begin with, and words cut short."""

from __future__ import annotations

ROOT_VERBS = frozenset(
    (
        "add", "apply", "calculate", "change", "check", "close", "compute", "create", "delete", "do",
        "enable", "execute", "fetch", "find", "generate", "get", "list", "load", "make", "modify", "open",
        "put", "query", "read", "remove", "resolve", "retrieve", "run", "save", "search", "send", "set",
        "show", "start", "store", "submit", "update", "write",
    )
)  # fmt: skip
"""What the names of root fields don't begin with: a list is `cars`, a mutation `carCreate`."""

FIELD_VERBS = frozenset(("calculate", "compute", "do", "fetch", "find", "get", "make", "retrieve"))
"""What the names of other fields don't begin with; many a verb is a noun there: `setPoint`, `loadFactor`."""

WHOLE_WORDS = {
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
"""The whole words, by what people make of them who have no time."""
