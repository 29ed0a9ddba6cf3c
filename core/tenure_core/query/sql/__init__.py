"""From a plan to one SQL statement: pure, cached, and tested without a database."""

from tenure_core.query.sql.compiler import Statement, compile, compile_export

__all__ = ["Statement", "compile", "compile_export"]
