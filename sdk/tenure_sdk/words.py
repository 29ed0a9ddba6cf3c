"""The words of plugins: what `tenure_sdk` hands on, each from its home."""

from tenure_core.context import Context, Rows, Writer
from tenure_core.deliveries import Change
from tenure_core.entities import Composite, Entity, Money, belongs_to, column
from tenure_core.errors import BadUserInputError, ConflictError, ForbiddenError, TenureError
from tenure_core.feed.changes import Operation
from tenure_core.hookspecs import hookimpl
from tenure_core.identity import Actor
from tenure_core.kinds import (
    BIG_INT,
    BOOLEAN,
    DATE,
    DATE_TIME,
    FLOAT,
    ID,
    INT,
    JSON,
    STRING,
    STRING_LIST,
    Kind,
    kind_of,
)
from tenure_core.manifest import Manifest
from tenure_core.model import Account, Activity, Contact
from tenure_core.naming import camel_case
from tenure_core.registrations import (
    ComputedColumn,
    ComputedField,
    DemoAccount,
    DemoData,
    GraphQLParts,
    Job,
    Permission,
    RoleGrants,
)
from tenure_core.writing.results import ErrorCode, RowResult, Status, UserError
from tenure_core.writing.writeset import Refusal, RowWrite, Values, WriteSet

__all__ = [
    "BIG_INT",
    "BOOLEAN",
    "DATE",
    "DATE_TIME",
    "FLOAT",
    "ID",
    "INT",
    "JSON",
    "STRING",
    "STRING_LIST",
    "Account",
    "Activity",
    "Actor",
    "BadUserInputError",
    "Change",
    "Composite",
    "ComputedColumn",
    "ComputedField",
    "ConflictError",
    "Contact",
    "Context",
    "DemoAccount",
    "DemoData",
    "Entity",
    "ErrorCode",
    "ForbiddenError",
    "GraphQLParts",
    "Job",
    "Kind",
    "Manifest",
    "Money",
    "Operation",
    "Permission",
    "Refusal",
    "RoleGrants",
    "RowResult",
    "RowWrite",
    "Rows",
    "Status",
    "TenureError",
    "UserError",
    "Values",
    "WriteSet",
    "Writer",
    "belongs_to",
    "camel_case",
    "column",
    "hookimpl",
    "kind_of",
]
