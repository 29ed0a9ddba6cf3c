"""The words of plugins: what `tenure_sdk` hands on, each from its home."""

from tenure_core.access.identity import Actor
from tenure_core.catalog.change_operation import ChangeOperation
from tenure_core.changes.change import Change
from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.declaration import Composite, Entity, Money, belongs_to, column
from tenure_core.entities.model import Account, Activity, Contact
from tenure_core.entities.naming import camel_case
from tenure_core.entities.scalar_types import (
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
    ScalarType,
    type_for,
)
from tenure_core.errors import BadUserInputError, ConflictError, ForbiddenError, TenureError
from tenure_core.plugins.context import Context, Rows, Writer
from tenure_core.plugins.hookspecs import hookimpl
from tenure_core.plugins.manifest import Manifest
from tenure_core.plugins.registrations import (
    DemoAccount,
    DemoData,
    GraphQLParts,
    Job,
    Permission,
    RoleDefinition,
)
from tenure_core.plugins.write_set import Refusal, RowWrite, Values, WriteSet
from tenure_core.write.results import ErrorCode, RowResult, Status, UserError

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
    "BatchField",
    "Change",
    "ChangeOperation",
    "Composite",
    "ComputedColumn",
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
    "Manifest",
    "Money",
    "Permission",
    "Refusal",
    "RoleDefinition",
    "RowResult",
    "RowWrite",
    "Rows",
    "ScalarType",
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
    "type_for",
]
