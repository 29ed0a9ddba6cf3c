"""Computed fields are read like stored ones, are not writable, and require access to their sources."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from tests.core.query.sql.test_compiler import select_field
from tests.generated_queries.sample import CATALOG
from tests.generated_queries.sample_computed import PLUGIN

from tenure_core.access.grants import READ_ONLY, EntityGrant, Grants
from tenure_core.access.identity import Role
from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.change_operation import capture_template
from tenure_core.catalog.fields import BatchFieldInfo
from tenure_core.catalog.predicates import ALL_ROWS
from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import DeclarationError, ForbiddenError
from tenure_core.query.plan import plan
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile, compile_export
from tenure_core.write.rows.validate import writable_fields


def declare_column(name: str, expression: Any = lambda row: row.c.employees) -> ComputedColumn:
    return ComputedColumn(entity=Account, name=name, scalar_type=INT, doc="A number.", expression=expression)


async def compute_nothing(context: object, rows: Iterable[object]) -> list[object]:
    return [None for _ in rows]


def batch_field(name: str, *needs: str) -> BatchField:
    return BatchField(
        entity=Account,
        name=name,
        scalar_type=INT,
        doc="A number.",
        required_columns=needs,
        compute=compute_nothing,
    )


def compile_query(
    field: SelectedField, *, plugins: Iterable[str] = (PLUGIN,), reads: Iterable[str] = CATALOG.entities
) -> str:
    """Return the SQL of a query for a role that can read some entities, in a tenant with some plugins."""
    granted = {name: EntityGrant(READ_ONLY) for name in reads}
    grants = Grants(Role.READER, granted, plugins=frozenset(plugins))
    return compile(plan(field, CATALOG, grants).plan).text


QUERIES = {
    "shown": select_field("accounts", select_field("nodes", select_field("talkers"))),
    "shown of a reference": select_field(
        "contacts", select_field("nodes", select_field("account", select_field("talkers")))
    ),
    "filtered": select_field("accounts", select_field("totalCount"), where={"talkers": {"gt": 0}}),
    "filtered through a relation": select_field(
        "contacts", select_field("totalCount"), where={"account": {"some": {"talkers": {"gt": 0}}}}
    ),
    "ordered": select_field(
        "accounts", select_field("nodes", select_field("id")), orderBy=[{"field": "TALKERS"}]
    ),
    "ordered through a reference": select_field(
        "contacts", select_field("nodes", select_field("id")), orderBy=[{"field": "ACCOUNT_TALKERS"}]
    ),
    "grouped": select_field("accountsAggregate", select_field("count"), groupBy=[{"field": "TALKERS"}]),
    "summed": select_field("accountsAggregate", select_field("sum", select_field("talkers"))),
    "had": select_field("accountsAggregate", select_field("count"), having={"sum": {"talkers": {"gt": 0}}}),
    "ordered as a sum": select_field(
        "accountsAggregate", select_field("count"), orderBy=[{"function": "SUM", "field": "TALKERS"}]
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_computed_field_requires_that_its_plugin_is_enabled(name: str) -> None:
    assert "person" in compile_query(QUERIES[name])
    with pytest.raises(ForbiddenError, match=r"talkers belongs to the plugin sample"):
        compile_query(QUERIES[name], plugins=())


@pytest.mark.parametrize("name", QUERIES)
def test_a_computed_field_requires_access_to_the_entities_it_is_computed_from(name: str) -> None:
    with pytest.raises(
        ForbiddenError, match=r"talkers is computed from (Contact|Activity)|may not read contacts"
    ):
        compile_query(QUERIES[name], reads=["Account"])


@pytest.mark.parametrize("by", ["orderBy", "groupBy"])
def test_sorting_and_grouping_through_a_reference_require_access_to_the_target(by: str) -> None:
    name = {"orderBy": "contacts", "groupBy": "contactsAggregate"}[by]
    inner = select_field("nodes", select_field("id")) if by == "orderBy" else select_field("count")
    query = select_field(name, inner, **{by: [{"field": "ACCOUNT_NAME"}]})
    assert compile_query(query)
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        compile_query(query, reads=["Contact"])


def test_a_computed_field_does_not_change_the_sql_of_other_queries() -> None:
    query = select_field("accounts", select_field("nodes", select_field("name")), orderBy=[{"field": "NAME"}])
    plain = plan(query, build_catalog(), all_grants()).plan
    assert compile_query(query) == compile(plain).text


def all_grants() -> Grants:
    return Grants(Role.READER, dict.fromkeys(CATALOG.entities, EntityGrant(READ_ONLY)))


def test_a_computed_field_is_not_writable_and_not_stored() -> None:
    account = CATALOG["Account"]
    assert "talkers" not in {field.name for field in writable_fields(account)}
    assert "talkers" not in capture_template(account)
    assert "talkers" not in compile_export(account, ALL_ROWS).text
    assert "talkers" not in account.table.c


def test_a_computed_field_lists_the_entities_it_is_computed_from() -> None:
    reads = {f.name: f.reads for entity in CATALOG.entities.values() for f in entity.scalars if f.plugin}
    assert reads["talkers"] == {"Contact", "Activity"}
    assert reads["lastHeard"] == {"Activity"}
    assert reads["initial"] == frozenset()


def test_a_computed_field_with_the_name_of_a_column_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.tenantId has the name of a column"):
        build_catalog(computed=[("p", declare_column("tenant_id"))])


def test_an_expression_that_cannot_be_built_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"expression of Account\.odd cannot be built: AttributeError"):
        build_catalog(computed=[("p", declare_column("odd", lambda row: row.c.no_such))])


@pytest.mark.parametrize("second", [declare_column("odd"), batch_field("odd")])
def test_two_computed_fields_with_the_same_name_are_rejected(second: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Account\.odd is declared twice"):
        build_catalog(computed=[("p", declare_column("odd")), ("q", second)])


def test_a_batch_field_can_require_columns_and_computed_columns() -> None:
    catalog = build_catalog(
        computed=[("p", batch_field("odd", "employees", "even")), ("p", declare_column("even"))]
    )
    odd = catalog["Account"].fields["odd"]
    assert isinstance(odd, BatchFieldInfo)
    assert list(odd.required_columns) == ["employees", "even"]


def test_a_batch_field_that_requires_a_missing_column_is_rejected() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.odd requires 'even', which no column has"):
        build_catalog(computed=[("p", batch_field("odd", "even"))])


def test_constants_of_an_expression_are_literals_and_values_are_parameters() -> None:
    text = compile_query(select_field("accounts", select_field("totalCount"), where={"talkers": {"gt": 7}}))
    assert "IN ('CALL')" in text
    assert "7" not in text


def test_nested_selects_are_correlated_with_the_outer_row() -> None:
    text = compile_query(QUERIES["shown of a reference"])
    assert text.count("FROM account") == 1
