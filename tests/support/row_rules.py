"""Installs row rules in the grants of every role, for tests of row visibility."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import pytest

from tenure_core.access import grants
from tenure_core.access.grants import EntityGrant
from tenure_core.access.identity import Actor
from tenure_core.catalog.catalog import Catalog, EntityInfo
from tenure_core.catalog.predicates import Predicate
from tenure_core.plugins.orm_session import TenantSession, lease_session
from tenure_core.postgres.database import Database

RowRule = Callable[[EntityInfo], Predicate]


@contextmanager
def row_rule(rule: RowRule) -> Iterator[None]:
    """Replace the rows of every grant while the context is open."""
    granted = grants.entity_grants

    def with_rule(role: str, plugins: frozenset[str], catalog: Catalog) -> Mapping[str, EntityGrant]:
        entities = granted(role, plugins, catalog)
        return {name: replace(grant, rows=rule(catalog[name])) for name, grant in entities.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grants, "entity_grants", with_rule)
        grants._role_grants.cache_clear()
        try:
            yield
        finally:
            grants._role_grants.cache_clear()


@asynccontextmanager
async def session_of(database: Database, catalog: Catalog, actor: Actor) -> AsyncIterator[TenantSession]:
    """Open a session as plugin code that acts for an actor gets it."""
    async with (
        database.write_transaction(actor.tenant_id, actor.audit_name, actor.origin) as connection,
        lease_session(connection, actor, catalog) as lease,
    ):
        yield lease.session
