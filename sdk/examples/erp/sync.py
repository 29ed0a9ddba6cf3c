"""Synchronizes the example ERP with Tenure in both directions.

    python sync.py erp.db http://127.0.0.1:8000 API_KEY

Changes of the ERP are upserted by customer number. Changes of other systems are read from the change feed and
applied in the same transaction as the cursor. If both sides changed a customer, the ERP wins. Every step can
be repeated: the process and the server may be killed at any time, and the next run continues.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from erp import Customer, Erp

from tenure_sdk.client import CursorExpiredError, Tenure, UpsertReport

SYSTEM = "erp"
"""The name of the ERP in Tenure: the origin of its API key and the system of its external references."""

ACCOUNT = "... on Account { id name industry tier externalRefs { system externalId } }"
ACCOUNTS = f"query Accounts($ids: [ID!]!) {{ nodes(ids: $ids) {{ {ACCOUNT} }} }}"
FIND = """
query Find($number: ID!) { accountByExternalRef(system: "erp", externalId: $number) { id } }
"""
DELETE = """
mutation Delete($id: ID!) { accountDelete(input: {id: $id}) { status } }
"""
BATCH_SIZE = 100


def push(erp: Erp, tenure: Tenure) -> None:
    """Send the changes of the ERP to Tenure."""
    pending = erp.pending_customers()
    saved = [customer for customer in pending if not customer.deleted]

    def mark_sent(report: UpsertReport) -> None:
        for result in report.last_chunk:
            error = "; ".join(error["message"] for error in result.errors)
            erp.mark_sent(saved[result.index], result.id, error or None)

    tenure.upsert_many("Account", map(build_row, saved), on_progress=mark_sent)
    for customer in pending:
        if customer.deleted:
            delete_account(tenure, customer)
            erp.mark_sent(customer, None)


def build_row(customer: Customer) -> dict[str, Any]:
    """Return the upsert row of a customer."""
    fields = {"name": customer.name, "industry": customer.industry, "tier": customer.tier}
    reference = {"system": SYSTEM, "id": customer.number}
    # Tenure rejects a delayed request whose revision is older than the stored one.
    revision = str(customer.revision)
    if customer.tenure_id and not customer.sent_revision:
        # The account was created in Tenure and has no customer number there yet.
        references = [{**reference, "sourceVersion": revision}]
        return {"match": {"id": customer.tenure_id}, **fields, "externalRefs": references}
    return {"match": {"externalRef": reference}, **fields, "sourceVersion": revision}


def delete_account(tenure: Tenure, customer: Customer) -> None:
    """Delete the account of a customer, if there is one."""
    account = {"id": customer.tenure_id} if customer.tenure_id else None
    account = account or tenure.query(FIND, {"number": customer.number})["accountByExternalRef"]
    if account:
        tenure.query(DELETE, {"id": account["id"]})


def pull(erp: Erp, tenure: Tenure) -> bool:
    """Apply the next page of changes to the ERP; return whether there are more."""
    if erp.cursor is None:
        load_snapshot(erp, tenure)
    try:
        page = tenure.changes(erp.cursor, entities=["Account"], exclude_origin=SYSTEM, node=ACCOUNT)
    except CursorExpiredError:
        load_snapshot(erp, tenure)
        return True
    with erp.advance_cursor(page.cursor):
        for change in page.changes:
            # The current account counts, not the values of the change: the account may have changed again.
            if change.node:
                save_account(erp, change.node)
            else:
                erp.delete_account(change.id, purged=change.operation == "PURGE")
    return page.has_more


def save_account(erp: Erp, account: Mapping[str, Any]) -> None:
    """Copy an account of Tenure to the ERP."""
    numbers = [ref["externalId"] for ref in account["externalRefs"] if ref["system"] == SYSTEM]
    fields = {name: account[name] for name in ("name", "industry", "tier")}
    erp.save_account(account["id"], fields, numbers[0] if numbers else None)


def load_snapshot(erp: Erp, tenure: Tenure) -> None:
    """Copy all accounts to the ERP and continue from the snapshot: at first, or after a long pause."""
    snapshot = tenure.snapshot(["Account"])
    ids = [record.id for record in snapshot]
    accounts: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), BATCH_SIZE):
        nodes = tenure.query(ACCOUNTS, {"ids": ids[start : start + BATCH_SIZE]})["nodes"]
        accounts += filter(None, nodes)
    known_ids = set(ids)
    with erp.advance_cursor(snapshot.cursor):
        for account in accounts:
            save_account(erp, account)
        for customer in erp.customers("tenure_id IS NOT NULL"):
            if customer.tenure_id not in known_ids:
                erp.delete_account(str(customer.tenure_id), purged=False)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="the ERP's SQLite file")
    parser.add_argument("url", help="the base URL of Tenure")
    parser.add_argument("api_key", help="an API key with the role admin and the origin erp")
    parser.add_argument("--once", action="store_true", help="exit when both systems are equal")
    arguments = parser.parse_args()
    erp = Erp(arguments.file)
    with Tenure(arguments.url, arguments.api_key) as tenure:
        while True:
            push(erp, tenure)
            has_more = pull(erp, tenure)
            if arguments.once and not has_more and not erp.pending_customers():
                return
            if not has_more:
                time.sleep(0.2 if arguments.once else 1)


if __name__ == "__main__":
    main()
