"""A small ERP: customers in an SQLite file, with the columns that the synchronization needs.

python erp.py erp.db save C-1 "Bright Lamps Ltd" --industry Retail --tier gold
python erp.py erp.db delete C-1
python erp.py erp.db list
"""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS customer (
  number TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  industry TEXT,
  tier TEXT,
  deleted INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 1,       -- incremented by each change in the ERP
  sent_revision INTEGER NOT NULL DEFAULT 0,  -- the last revision that was sent to Tenure
  error TEXT,                                -- why Tenure rejected that revision
  tenure_id TEXT UNIQUE                      -- the id of the account in Tenure, once it is known
) STRICT;
CREATE TABLE IF NOT EXISTS sync (cursor TEXT NOT NULL) STRICT;
"""

SAVE = """
INSERT INTO customer (number, name, industry, tier) VALUES (:number, :name, :industry, :tier)
ON CONFLICT (number) DO UPDATE SET
  name = excluded.name, industry = excluded.industry, tier = excluded.tier,
  deleted = 0, revision = revision + 1
"""

DELETE = """
UPDATE customer SET deleted = 1, revision = revision + 1 WHERE number = ? AND NOT deleted
"""

MARK_SENT = """
UPDATE customer SET sent_revision = ?, error = ?, tenure_id = coalesce(?, tenure_id) WHERE number = ?
"""

UPDATE_FROM_TENURE = """
UPDATE customer SET
  tenure_id = :id,
  name = iif(revision = sent_revision AND error IS NULL, :name, name),
  industry = iif(revision = sent_revision AND error IS NULL, :industry, industry),
  tier = iif(revision = sent_revision AND error IS NULL, :tier, tier),
  deleted = iif(revision = sent_revision AND error IS NULL, 0, deleted)
WHERE number = :number
"""

INSERT_FROM_TENURE = """
INSERT INTO customer (number, name, industry, tier, tenure_id)
VALUES ('T-' || (SELECT count(*) + 1 FROM customer WHERE number LIKE 'T-%'), :name, :industry, :tier, :id)
"""

DELETE_FROM_TENURE = """
UPDATE customer SET deleted = 1 WHERE tenure_id = ? AND revision = sent_revision
"""

UNLINK = """
UPDATE customer SET tenure_id = NULL, sent_revision = iif(deleted, sent_revision, 0) WHERE tenure_id = ?
"""


@dataclass(frozen=True)
class Customer:
    """A row of the customer table."""

    number: str
    name: str
    industry: str | None
    tier: str | None
    deleted: int
    revision: int
    sent_revision: int
    error: str | None
    tenure_id: str | None


class Erp:
    """The ERP. Each method runs in one transaction.

    Args:
        path: The SQLite file; it is created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(TABLES)

    # Methods for users of the ERP.

    def save(self, number: str, name: str, industry: str | None = None, tier: str | None = None) -> None:
        """Create or update a customer."""
        values = {"number": number, "name": name, "industry": industry, "tier": tier}
        self._connection.execute(SAVE, values)

    def delete(self, number: str) -> None:
        """Delete a customer."""
        self._connection.execute(DELETE, (number,))

    def customers(self, where: str = "true", *values: str | None) -> list[Customer]:
        """Return the customers that match a condition, by number."""
        rows = self._connection.execute(f"SELECT * FROM customer WHERE {where} ORDER BY number", values)
        return [Customer(*row) for row in rows]

    # Methods for the synchronization.

    def pending_customers(self) -> list[Customer]:
        """Return the customers whose last revision has not been sent to Tenure."""
        return self.customers("revision > sent_revision")

    def mark_sent(self, customer: Customer, tenure_id: str | None, error: str | None = None) -> None:
        """Record that a revision of a customer was sent. The customer may have a newer revision by now."""
        values = (customer.revision, error, tenure_id, customer.number)
        self._connection.execute(MARK_SENT, values)

    @property
    def cursor(self) -> str | None:
        """The change-feed cursor up to which changes of Tenure have been applied."""
        row = self._connection.execute("SELECT cursor FROM sync").fetchone()
        return row[0] if row else None

    @contextmanager
    def advance_cursor(self, cursor: str) -> Iterator[None]:
        """Run the block and store the cursor in one transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("DELETE FROM sync")
            self._connection.execute("INSERT INTO sync VALUES (?)", (cursor,))
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def save_account(self, tenure_id: str, account: Mapping[str, str | None], number: str | None) -> None:
        """Create or update a customer from an account. Changes that were not sent yet are not overwritten.

        Args:
            tenure_id: The id of the account.
            account: The account's name, industry and tier.
            number: The customer number; None if Tenure has none.
        """
        customers = self.customers("number = ?", number) or self.customers("tenure_id = ?", tenure_id)
        values = {**account, "id": tenure_id, "number": customers[0].number if customers else None}
        self._connection.execute(UPDATE_FROM_TENURE if customers else INSERT_FROM_TENURE, values)

    def delete_account(self, tenure_id: str, *, purged: bool) -> None:
        """Delete the customer of an account that was deleted in Tenure; forget the id of a purged account."""
        self._connection.execute(DELETE_FROM_TENURE, (tenure_id,))
        if purged:
            self._connection.execute(UNLINK, (tenure_id,))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="the ERP's SQLite file")
    commands = parser.add_subparsers(dest="command", required=True)
    save = commands.add_parser("save", help="create or update a customer")
    save.add_argument("number")
    save.add_argument("name")
    save.add_argument("--industry")
    save.add_argument("--tier")
    commands.add_parser("delete", help="delete a customer").add_argument("number")
    commands.add_parser("list", help="list all customers")
    arguments = parser.parse_args()
    erp = Erp(arguments.file)
    if arguments.command == "save":
        erp.save(arguments.number, arguments.name, arguments.industry, arguments.tier)
    elif arguments.command == "delete":
        erp.delete(arguments.number)
    for customer in erp.customers("NOT deleted"):
        status = customer.error or ("" if customer.sent_revision == customer.revision else "(not sent)")
        print(customer.number, customer.name, customer.industry, customer.tier, status)


if __name__ == "__main__":
    main()
