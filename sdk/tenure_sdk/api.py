"""The names that plugins import from `tenure_sdk`."""

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
from tenure_core.outbox.public_addresses import AddressPolicy, WebhookUrlError
from tenure_core.outbox.public_addresses import check_url as check_webhook_url
from tenure_core.outbox.webhooks import SECRET_PREFIX as WEBHOOK_SECRET_PREFIX
from tenure_core.outbox.webhooks import DeliveryRejectedError, WebhookClient, WebhookEndpoint
from tenure_core.outbox.webhooks import sign_message as sign_webhook_message
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
from tenure_core.write.results import ErrorCode, RowResult, Status, UserError
from tenure_core.write.write_set import RowError, RowWrite, Values, WriteSet

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
    "WEBHOOK_SECRET_PREFIX",
    "Account",
    "Activity",
    "Actor",
    "AddressPolicy",
    "BadUserInputError",
    "BatchField",
    "Change",
    "ChangeOperation",
    "Composite",
    "ComputedColumn",
    "ConflictError",
    "Contact",
    "Context",
    "DeliveryRejectedError",
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
    "RoleDefinition",
    "RowError",
    "RowResult",
    "RowWrite",
    "Rows",
    "ScalarType",
    "Status",
    "TenureError",
    "UserError",
    "Values",
    "WebhookClient",
    "WebhookEndpoint",
    "WebhookUrlError",
    "WriteSet",
    "Writer",
    "belongs_to",
    "camel_case",
    "check_webhook_url",
    "column",
    "hookimpl",
    "sign_webhook_message",
    "type_for",
]
