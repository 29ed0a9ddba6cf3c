"""A feature is one module: this one is registered by adding it to the list of features, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.support import graphql_requests

from tenure_core.access.identity import Actor, KeyCache, Role
from tenure_core.errors import ForbiddenError
from tenure_core.plugins.host import Host, core_host
from tenure_core.postgres.database import Database, TenantConnection
from tenure_core.query.request import TYPE_NAME, SelectedField
from tenure_core.settings import Settings
from tenure_core.write.results import ErrorCode, UserError
from tenure_core.write.rows.pending_row import Row
from tenure_schema.features import FEATURES, Feature
from tenure_schema.features.feature import FeatureMutation, Outcome, require_admin
from tenure_schema.mutations.mutation import MutationContext
from tenure_schema.operations.executor import Executor
from tenure_schema.schema import build_schema, graphql_schema
from tenure_schema.types.builder import PlannedField, TypeRegistry, input_field, list_of, output_field

MESSAGES: list[str] = []
"""The storage of the feature."""


def _authorize(context: MutationContext, arguments: Row) -> None:
    require_admin(context.actor, "post announcements")


async def _post(connection: TenantConnection, context: MutationContext, arguments: Row) -> Outcome:
    if not arguments["text"]:
        return None, [UserError(ErrorCode.REQUIRED, ("text",), "must not be empty")]
    MESSAGES.append(str(arguments["text"]))
    return _render(MESSAGES[-1]), []


POST = FeatureMutation(
    "announcementPost", "Posts an announcement.", "announcement", _authorize, _post, changes_access=True
)


def _render(text: str) -> dict[str, object]:
    return {TYPE_NAME: "Announcement", "text": text, "length": len(text)}


async def _resolve(field: SelectedField, host: Host, database: Database, actor: Actor) -> object:
    return [_render(text) for text in MESSAGES]


def _define_types(types: TypeRegistry) -> None:
    announcement = types.object(
        "Announcement",
        "A text for all users.",
        [output_field("text", str, "Text."), output_field("length", int, "Number of characters.")],
    )
    text = input_field("text", str, "Text.", required=True)
    POST.define_types(types, [text], announcement, "The announcement; null if the call was rejected.")


def _query_fields(types: TypeRegistry) -> Sequence[PlannedField]:
    return [output_field("announcements", list_of(types["Announcement"]), "The announcements.")]


ANNOUNCEMENTS = Feature(
    define_types=_define_types,
    query_fields=_query_fields,
    resolvers={"announcements": _resolve},
    mutations=(POST,),
)

DOCUMENT = """mutation ($text: String!, $key: String) {
  announcementPost(input: {text: $text, idempotencyKey: $key}) {
    __typename replayed announcement { __typename text } userErrors { code path } } }"""


class RecordingKeyCache(KeyCache):
    """Records which tenants were invalidated."""

    def __init__(self) -> None:
        self.invalidated: list[object] = []

    def invalidate_tenant(self, tenant_id: object) -> None:
        self.invalidated.append(tenant_id)


@pytest.fixture
def keys() -> RecordingKeyCache:
    return RecordingKeyCache()


@pytest.fixture
def executor(database: Database, settings: Settings, keys: KeyCache) -> Executor:
    MESSAGES.clear()
    return Executor(core_host(), database, settings, keys, (*FEATURES, ANNOUNCEMENTS))


async def test_a_feature_adds_a_query_field_and_a_mutation(executor: Executor, actor: Actor) -> None:
    async def execute(query: str, **variables: Any) -> dict[str, Any]:
        return await graphql_requests.execute_request(executor, actor, query, **variables)

    payload = (await execute(DOCUMENT, text="Closed on Monday"))["data"]["announcementPost"]
    assert payload == {
        "__typename": "AnnouncementPostPayload",
        "replayed": False,
        "announcement": {"__typename": "Announcement", "text": "Closed on Monday"},
        "userErrors": [],
    }
    listed = await execute("{ all: announcements { length t: text } accounts { totalCount } }")
    assert listed == {
        "data": {"all": [{"length": 16, "t": "Closed on Monday"}], "accounts": {"totalCount": 0}}
    }


async def test_a_rejected_input_is_a_user_error(executor: Executor, actor: Actor) -> None:
    response = await graphql_requests.execute_request(executor, actor, DOCUMENT, text="")
    payload = response["data"]["announcementPost"]
    assert payload["announcement"] is None
    assert payload["userErrors"] == [{"code": "REQUIRED", "path": ["input", "text"]}]


async def test_an_idempotency_key_is_executed_once(executor: Executor, actor: Actor) -> None:
    first, second = [
        (await graphql_requests.execute_request(executor, actor, DOCUMENT, text="A", key="k"))["data"][
            "announcementPost"
        ]
        for _ in range(2)
    ]
    assert (first["replayed"], second["replayed"], MESSAGES) == (False, True, ["A"])
    reused = await graphql_requests.execute_request(executor, actor, DOCUMENT, text="B", key="k")
    payload = reused["data"]["announcementPost"]
    assert payload["announcement"] is None
    assert payload["userErrors"] == [{"code": "IDEMPOTENCY_KEY_REUSED", "path": ["input", "idempotencyKey"]}]


async def test_a_mutation_of_a_feature_checks_its_permission(executor: Executor, actor: Actor) -> None:
    with pytest.raises(ForbiddenError, match="cannot post announcements"):
        await graphql_requests.execute_request(executor, replace(actor, role=Role.READER), DOCUMENT, text="A")
    assert MESSAGES == []


async def test_a_mutation_that_changes_access_invalidates_the_key_cache(
    executor: Executor, actor: Actor, keys: RecordingKeyCache
) -> None:
    await graphql_requests.execute_request(
        executor, actor, 'mutation { accountCreate(input: {name: "A"}) { status } }'
    )
    assert keys.invalidated == []
    await graphql_requests.execute_request(executor, actor, DOCUMENT, text="A")
    assert keys.invalidated == [actor.tenant_id]


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_can_be_removed_from_the_list(feature: Feature) -> None:
    others = [other for other in FEATURES if other is not feature]
    catalog = core_host().catalog
    without = graphql_schema(build_schema(catalog, features=others))
    fields = {*without.query_type.fields, *without.mutation_type.fields}  # type: ignore[union-attr]
    assert not fields & {*feature.resolvers, *(mutation.name for mutation in feature.mutations)}
    assert fields


def test_every_resolver_of_a_feature_has_a_query_field() -> None:
    schema = graphql_schema(build_schema(core_host().catalog))
    assert schema.query_type
    for feature in FEATURES:
        assert feature.resolvers.keys() <= schema.query_type.fields.keys()
