"""Keeps an ERP and Tenure in step, both ways.

    python sync.py erp.db http://127.0.0.1:8000 KEY

What the ERP changed goes to Tenure by the ERP's own numbers; what others changed in Tenure comes back
through the change feed, and is kept together with the cursor behind it. Where both changed the same customer,
the ERP wins. Kill it, or Tenure, whenever you like: every step can be done again, and the next run goes on.
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
"""What Tenure knows the ERP by: the origin of its API key, and the system of its references."""

ACCOUNT = "... on Account { id name industry tier externalRefs { system externalId } }"
ACCOUNTS = f"query Accounts($ids: [ID!]!) {{ nodes(ids: $ids) {{ {ACCOUNT} }} }}"
FIND = """
query Find($number: ID!) { accountByExternalRef(system: "erp", externalId: $number) { id } }
"""
DELETE = """
mutation Delete($id: ID!) { accountDelete(input: {id: $id}) { status } }
"""
IDS_AT_ONCE = 100


def push(erp: Erp, tenure: Tenure) -> None:
    """Tell Tenure what people have changed in the ERP."""
    waiting = erp.waiting()
    living = [customer for customer in waiting if not customer.deleted]

    def note(done: UpsertReport) -> None:
        for result in done.latest:
            refused = "; ".join(error["message"] for error in result.errors)
            erp.mark_sent(living[result.index], result.id, refused or None)

    tenure.upsert_many("Account", map(row, living), on_progress=note)
    for customer in waiting:
        if customer.deleted:
            delete(tenure, customer)
            erp.mark_sent(customer, None)


def row(customer: Customer) -> dict[str, Any]:
    """Return what Tenure is told of a customer."""
    fields = {"name": customer.name, "industry": customer.industry, "tier": customer.tier}
    reference = {"system": SYSTEM, "id": customer.number}
    # With the revision, a message that was held up on its way can't undo what a later one has said.
    revision = str(customer.revision)
    if customer.tenure_id and not customer.sent:
        # An account that was made in Tenure, and gets its number now.
        added = [{**reference, "sourceVersion": revision}]
        return {"match": {"id": customer.tenure_id}, **fields, "externalRefs": added}
    return {"match": {"externalRef": reference}, **fields, "sourceVersion": revision}


def delete(tenure: Tenure, customer: Customer) -> None:
    """Delete the account of a customer, if there is one."""
    account = {"id": customer.tenure_id} if customer.tenure_id else None
    account = account or tenure.query(FIND, {"number": customer.number})["accountByExternalRef"]
    if account:
        tenure.query(DELETE, {"id": account["id"]})


def pull(erp: Erp, tenure: Tenure) -> bool:
    """Take in what others have changed in Tenure; return whether there is more."""
    if erp.cursor is None:
        take_everything(erp, tenure)
    try:
        page = tenure.changes(erp.cursor, entities=["Account"], exclude_origin=SYSTEM, node=ACCOUNT)
    except CursorExpiredError:
        take_everything(erp, tenure)
        return True
    with erp.taking(page.cursor):
        for change in page.changes:
            # Not what the change says counts, but how the account is now: it may have been changed again.
            if change.node:
                take(erp, change.node)
            else:
                erp.lose(change.id, for_good=change.operation == "PURGE")
    return page.has_more


def take(erp: Erp, account: Mapping[str, Any]) -> None:
    """Take over an account as it is in Tenure."""
    numbers = [ref["externalId"] for ref in account["externalRefs"] if ref["system"] == SYSTEM]
    fields = {name: account[name] for name in ("name", "industry", "tier")}
    erp.take(account["id"], fields, numbers[0] if numbers else None)


def take_everything(erp: Erp, tenure: Tenure) -> None:
    """Take over every account, to follow the changes from there: at first, and after a very long pause."""
    snapshot = tenure.snapshot(["Account"])
    ids = [record.id for record in snapshot]
    accounts: list[Mapping[str, Any]] = []
    for first in range(0, len(ids), IDS_AT_ONCE):
        found = tenure.query(ACCOUNTS, {"ids": ids[first : first + IDS_AT_ONCE]})["nodes"]
        accounts += filter(None, found)
    there = set(ids)
    with erp.taking(snapshot.cursor):
        for account in accounts:
            take(erp, account)
        for customer in erp.customers("tenure_id IS NOT NULL"):
            if customer.tenure_id not in there:
                erp.lose(str(customer.tenure_id), for_good=False)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="the ERP's SQLite file")
    parser.add_argument("url", help="where Tenure answers")
    parser.add_argument("key", help="an admin's API key with the origin erp")
    parser.add_argument("--once", action="store_true", help="end when both are in step")
    given = parser.parse_args()
    erp = Erp(given.file)
    with Tenure(given.url, given.key) as tenure:
        while True:
            push(erp, tenure)
            has_more = pull(erp, tenure)
            if given.once and not has_more and not erp.waiting():
                return
            if not has_more:
                time.sleep(0.2 if given.once else 1)


if __name__ == "__main__":
    main()
