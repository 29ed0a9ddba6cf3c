"""A small ERP: customers in an SQLite file, with what a sync job has to know of each.

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
  revision INTEGER NOT NULL DEFAULT 1,  -- goes up whenever somebody here changes the customer
  sent INTEGER NOT NULL DEFAULT 0,      -- the revision that Tenure has, or has refused
  refused TEXT,                         -- why Tenure refused that revision
  tenure_id TEXT UNIQUE                 -- the account in Tenure, once we know it
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

TAKE = """
UPDATE customer SET
  tenure_id = :id,
  name = iif(revision = sent AND refused IS NULL, :name, name),
  industry = iif(revision = sent AND refused IS NULL, :industry, industry),
  tier = iif(revision = sent AND refused IS NULL, :tier, tier),
  deleted = iif(revision = sent AND refused IS NULL, 0, deleted)
WHERE number = :number
"""

LOSE = """
UPDATE customer SET deleted = 1 WHERE tenure_id = ? AND revision = sent
"""

FORGET = """
UPDATE customer SET tenure_id = NULL, sent = iif(deleted, sent, 0) WHERE tenure_id = ?
"""

ADOPT = """
INSERT INTO customer (number, name, industry, tier, tenure_id)
VALUES ('T-' || (SELECT count(*) + 1 FROM customer WHERE number LIKE 'T-%'), :name, :industry, :tier, :id)
"""


@dataclass(frozen=True)
class Customer:
    """A customer, as it lies in the file."""

    number: str
    name: str
    industry: str | None
    tier: str | None
    deleted: int
    revision: int
    sent: int
    refused: str | None
    tenure_id: str | None


class Erp:
    """The ERP. Every method is one transaction, so that it is done wholly or not at all.

    Args:
        path: The SQLite file; made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.executescript(TABLES)

    # What people do.

    def save(self, number: str, name: str, industry: str | None = None, tier: str | None = None) -> None:
        """Create a customer, or change it."""
        self._file.execute(SAVE, {"number": number, "name": name, "industry": industry, "tier": tier})

    def delete(self, number: str) -> None:
        """Delete a customer."""
        self._file.execute(DELETE, (number,))

    def customers(self, where: str = "true", *values: str | None) -> list[Customer]:
        """Return customers by their numbers."""
        found = self._file.execute(f"SELECT * FROM customer WHERE {where} ORDER BY number", values)
        return [Customer(*row) for row in found]

    # What the sync does.

    def waiting(self) -> list[Customer]:
        """Return the customers whose latest revision Tenure was not told."""
        return self.customers("revision > sent")

    def mark_sent(self, customer: Customer, tenure_id: str | None, refused: str | None = None) -> None:
        """Note that Tenure was told of a customer as it was then; it may have been changed since."""
        self._file.execute(
            "UPDATE customer SET sent = ?, refused = ?, tenure_id = coalesce(?, tenure_id) WHERE number = ?",
            (customer.revision, refused, tenure_id, customer.number),
        )

    @property
    def cursor(self) -> str | None:
        """Up to where the change feed of Tenure was taken in."""
        found = self._file.execute("SELECT cursor FROM sync").fetchone()
        return found[0] if found else None

    @contextmanager
    def taking(self, cursor: str) -> Iterator[None]:
        """Take in what comes before a cursor of the feed, and keep the cursor, in one transaction."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._file.execute("DELETE FROM sync")
            self._file.execute("INSERT INTO sync VALUES (?)", (cursor,))
            self._file.execute("COMMIT")
        finally:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")

    def take(self, tenure_id: str, account: Mapping[str, str | None], number: str | None) -> None:
        """Take over an account as it is in Tenure; what people here have changed since stays as it is.

        Args:
            tenure_id: The account.
            account: Its name, industry and tier.
            number: Its number here; None where Tenure knows none.
        """
        found = self.customers("number = ?", number) or self.customers("tenure_id = ?", tenure_id)
        given = {**account, "id": tenure_id, "number": found[0].number if found else None}
        self._file.execute(TAKE if found else ADOPT, given)

    def lose(self, tenure_id: str, *, for_good: bool) -> None:
        """Take over that an account was deleted in Tenure; if for good, its id means nothing any more."""
        self._file.execute(LOSE, (tenure_id,))
        if for_good:
            self._file.execute(FORGET, (tenure_id,))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, help="the ERP's SQLite file")
    commands = parser.add_subparsers(dest="command", required=True)
    save = commands.add_parser("save", help="create a customer, or change it")
    save.add_argument("number")
    save.add_argument("name")
    save.add_argument("--industry")
    save.add_argument("--tier")
    commands.add_parser("delete", help="delete a customer").add_argument("number")
    commands.add_parser("list", help="show all customers")
    given = parser.parse_args()
    erp = Erp(given.file)
    if given.command == "save":
        erp.save(given.number, given.name, given.industry, given.tier)
    elif given.command == "delete":
        erp.delete(given.number)
    for customer in erp.customers("NOT deleted"):
        waits = "" if customer.sent == customer.revision else " (not sent)"
        print(customer.number, customer.name, customer.industry, customer.tier, customer.refused or waits)


if __name__ == "__main__":
    main()
