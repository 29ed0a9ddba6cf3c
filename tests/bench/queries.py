"""The measured queries."""

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
"""20 accounts with their machines, and the open work orders and last three readings of each machine."""

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
"""A page of four accounts, sorted by name."""

CURSORS = """
    query Cursors($after: String) {
        accounts(first: 100, after: $after, orderBy: [{field: NAME}]) { edges { cursor } }
    }
"""
"""The cursors of 100 accounts, to reach a distant page."""


def body(request: GraphQLRequest) -> bytes:
    """Return the body of the HTTP request."""
    return orjson.dumps({"query": request.query, "variables": request.variables})
