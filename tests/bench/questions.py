"""The questions that are measured, as GraphQL."""

from __future__ import annotations

import orjson

from tenure_schema.http.graphql_request import GraphQLRequest

NESTED = """
    query Nested {
        accounts(first: 50) {
            nodes {
                id name industry lifecycleStage
                contacts(first: 5) {
                    nodes {
                        id firstName lastName email
                        activities(first: 5) { nodes { id kind subject occurredAt } }
                    }
                }
            }
        }
    }
"""
"""50 accounts with 5 contacts each, and the 5 latest activities of each contact."""

MACHINES = """
    query Machines {
        accounts(first: 20) {
            nodes {
                id name
                equipment(first: 5) {
                    nodes {
                        id serialNumber model status runningHours
                        workOrders(first: 5, where: {status: {in: [OPEN, ASSIGNED, IN_PROGRESS, ON_HOLD]}}) {
                            nodes { id title priority dueAt }
                        }
                        meters(first: 2) {
                            nodes { name unit readings(first: 3) { nodes { value takenAt } } }
                        }
                    }
                }
            }
        }
    }
"""
"""20 accounts with their machines, the open work orders and the last three readings of each."""

ACCOUNT = "query Account($id: ID!) { account(id: $id) { id name industry lifecycleStage employees email } }"
"""One account by its id."""

PAGE = """
    query Page($after: String) {
        accounts(first: 4, after: $after, orderBy: [{field: NAME}]) {
            nodes { id name industry lifecycleStage }
            pageInfo { hasNextPage endCursor }
        }
    }
"""
"""One page of few accounts, in the order of their names."""

CURSORS = """
    query Cursors($after: String) {
        accounts(first: 100, after: $after, orderBy: [{field: NAME}]) { edges { cursor } }
    }
"""
"""The cursors of many accounts, to reach a page far behind."""


def body(question: GraphQLRequest) -> bytes:
    """Return the body of the HTTP request that asks a question."""
    return orjson.dumps({"query": question.query, "variables": question.variables})
