"""The input types of filters, sort orders and groupings."""

from __future__ import annotations

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema


def input_type(schema: GraphQLSchema, name: str) -> GraphQLInputObjectType:
    type_ = schema.type_map[name]
    assert isinstance(type_, GraphQLInputObjectType)
    return type_


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("IDFilter", "eq ne in notIn isNull"),
        ("AccountKindFilter", "eq ne in notIn isNull"),
        ("IntFilter", "eq ne in notIn lt lte gt gte isNull"),
        ("DateTimeFilter", "eq ne in notIn lt lte gt gte isNull"),
        ("StringFilter", "eq ne in notIn lt lte gt gte contains startsWith endsWith isNull"),
        ("StringListFilter", "has hasEvery hasSome isEmpty"),
        ("JSONFilter", "contains hasKey at"),
        ("AccountRelationFilter", "some none every"),
        ("MoneyFilter", "minorUnits currency isNull"),
    ],
)
def test_a_filter_has_the_operators_of_its_type(schema: GraphQLSchema, name: str, operators: str) -> None:
    assert list(input_type(schema, name).fields) == operators.split()


def test_a_comparison_is_described_for_its_type(schema: GraphQLSchema) -> None:
    described = {
        name: input_type(schema, f"{name}Filter").fields["lt"].description
        for name in ("Int", "Date", "DateTime", "String")
    }
    assert described == {
        "Int": "Less than this value.",
        "Date": "Before this date.",
        "DateTime": "Before this time.",
        "String": "Less than this value. Text is compared by code point.",
    }


def test_a_filter_on_searchable_fields_has_a_full_text_search(schema: GraphQLSchema) -> None:
    search = input_type(schema, "AccountFilter").fields["search"]
    assert "in name, industry, website, email" in str(search.description)
    assert "search" not in input_type(schema, "ExternalRefFilter").fields


def test_measures_exclude_fields_without_an_order(schema: GraphQLSchema) -> None:
    measures, groups = schema.type_map["AccountMeasureField"], schema.type_map["AccountGroupField"]
    assert isinstance(measures, GraphQLEnumType)
    assert isinstance(groups, GraphQLEnumType)
    assert {"EMPLOYEES", "ANNUAL_REVENUE", "CREATED_AT"} <= measures.values.keys()
    assert "NAME" not in measures.values
    assert "ATTRIBUTES" not in groups.values
