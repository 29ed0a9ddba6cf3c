"""Computed fields: read like stored ones, written by nobody, only for those who may read their sources."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import pytest
from tests.core.query.sql.test_compiler import asked
from tests.generated_queries.sample import CATALOG
from tests.generated_queries.sample_computed import PLUGIN

from tenure_core.access.grants import EntityGrant, Grants, TenantGrants
from tenure_core.access.identity import Role
from tenure_core.catalog.builder import build_catalog
from tenure_core.catalog.change_operation import capture_template
from tenure_core.entities.computed import BatchField, ComputedColumn
from tenure_core.entities.model import Account
from tenure_core.entities.scalar_types import INT
from tenure_core.errors import DeclarationError, ForbiddenError
from tenure_core.query.plan import plan
from tenure_core.query.request import SelectedField
from tenure_core.query.sql import compile, compile_export
from tenure_core.write.rows.validate import writable_fields


def computed(name: str, expression: Any = lambda row: row.c.employees) -> ComputedColumn:
    return ComputedColumn(entity=Account, name=name, scalar_type=INT, doc="A number.", expression=expression)


async def nothing(context: object, rows: Iterable[object]) -> list[object]:
    return [None for _ in rows]


def coded(name: str, *needs: str) -> BatchField:
    return BatchField(
        entity=Account, name=name, scalar_type=INT, doc="A number.", required_columns=needs, compute=nothing
    )


def compiled(
    field: SelectedField, *, plugins: Iterable[str] = (PLUGIN,), reads: Iterable[str] = CATALOG.entities
) -> str:
    """Compile a question for a role that may read some entities, in a tenant with some plugins."""
    granted = {name: EntityGrant(read=True) for name in reads}
    grants = Grants(Role.READER, granted, plugins=frozenset(plugins))
    return compile(plan(field, CATALOG, TenantGrants(uuid.uuid4(), grants)).plan).text


QUESTIONS = {
    "shown": asked("accounts", asked("nodes", asked("talkers"))),
    "shown of a reference": asked("contacts", asked("nodes", asked("account", asked("talkers")))),
    "filtered": asked("accounts", asked("totalCount"), where={"talkers": {"gt": 0}}),
    "filtered through a relation": asked(
        "contacts", asked("totalCount"), where={"account": {"some": {"talkers": {"gt": 0}}}}
    ),
    "ordered": asked("accounts", asked("nodes", asked("id")), orderBy=[{"field": "TALKERS"}]),
    "ordered through a reference": asked(
        "contacts", asked("nodes", asked("id")), orderBy=[{"field": "ACCOUNT_TALKERS"}]
    ),
    "grouped": asked("accountsAggregate", asked("count"), groupBy=[{"field": "TALKERS"}]),
    "summed": asked("accountsAggregate", asked("sum", asked("talkers"))),
    "had": asked("accountsAggregate", asked("count"), having={"sum": {"talkers": {"gt": 0}}}),
    "ordered as a sum": asked(
        "accountsAggregate", asked("count"), orderBy=[{"function": "SUM", "field": "TALKERS"}]
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_read_where_its_plugin_is_enabled_and_nowhere_else(name: str) -> None:
    assert "person" in compiled(QUESTIONS[name])
    with pytest.raises(ForbiddenError, match=r"talkers belongs to the plugin sample"):
        compiled(QUESTIONS[name], plugins=())


@pytest.mark.parametrize("name", QUESTIONS)
def test_it_is_read_by_those_only_who_may_read_what_it_is_computed_from(name: str) -> None:
    with pytest.raises(
        ForbiddenError, match=r"talkers is computed from (Contact|Activity)|may not read contacts"
    ):
        compiled(QUESTIONS[name], reads=["Account"])


@pytest.mark.parametrize("by", ["orderBy", "groupBy"])
def test_nobody_orders_or_groups_through_a_reference_by_what_they_may_not_read(by: str) -> None:
    name = {"orderBy": "contacts", "groupBy": "contactsAggregate"}[by]
    inner = asked("nodes", asked("id")) if by == "orderBy" else asked("count")
    question = asked(name, inner, **{by: [{"field": "ACCOUNT_NAME"}]})
    assert compiled(question)
    with pytest.raises(ForbiddenError, match="may not read accounts"):
        compiled(question, reads=["Contact"])


def test_a_question_without_it_is_compiled_as_if_it_were_not_there() -> None:
    question = asked("accounts", asked("nodes", asked("name")), orderBy=[{"field": "NAME"}])
    plain = plan(question, build_catalog(), TenantGrants(uuid.uuid4(), _everything())).plan
    assert compiled(question) == compile(plain).text


def _everything() -> Grants:
    return Grants(Role.READER, dict.fromkeys(CATALOG.entities, EntityGrant(read=True)))


def test_it_is_written_by_nobody_and_kept_nowhere() -> None:
    account = CATALOG["Account"]
    assert "talkers" not in {one.name for one in writable_fields(account)}
    assert "talkers" not in capture_template(account)
    assert "talkers" not in compile_export(account).text
    assert "talkers" not in account.table.c


def test_it_knows_the_entities_that_it_is_computed_from() -> None:
    found = {f.name: f.reads for entity in CATALOG.entities.values() for f in entity.scalars if f.plugin}
    assert found["talkers"] == {"Contact", "Activity"}
    assert found["lastHeard"] == {"Activity"}
    assert found["initial"] == frozenset()


def test_the_name_of_a_column_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.tenantId has the name of a column"):
        build_catalog(computed=[("p", computed("tenant_id"))])


def test_an_expression_that_can_not_be_built_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.odd can't be computed: AttributeError: no_such"):
        build_catalog(computed=[("p", computed("odd", lambda row: row.c.no_such))])


@pytest.mark.parametrize("second", [computed("odd"), coded("odd")])
def test_two_computed_fields_of_one_name_stop_the_start(second: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Account\.odd is declared twice"):
        build_catalog(computed=[("p", computed("odd")), ("q", second)])


def test_code_may_need_columns_and_what_is_computed() -> None:
    found = build_catalog(computed=[("p", coded("odd", "employees", "even")), ("p", computed("even"))])
    assert list(found["Account"].batch_fields["odd"].required_columns) == ["employees", "even"]
    assert "odd" not in found["Account"].fields


def test_code_that_needs_what_is_not_there_stops_the_start() -> None:
    with pytest.raises(DeclarationError, match=r"Account\.odd needs 'even', which no column holds"):
        build_catalog(computed=[("p", coded("odd", "even"))])


def test_constants_are_written_out_and_values_are_not() -> None:
    text = compiled(asked("accounts", asked("totalCount"), where={"talkers": {"gt": 7}}))
    assert "IN ('CALL')" in text
    assert "7" not in text


def test_every_select_within_refers_to_the_row_around_it() -> None:
    text = compiled(QUESTIONS["shown of a reference"])
    assert text.count("FROM account") == 1
