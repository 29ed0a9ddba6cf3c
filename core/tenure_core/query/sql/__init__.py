"""Compiles plans to SQL. No I/O: the statements are cached, and tested without a database."""

from tenure_core.query.sql.compiler import Statement, compile, compile_condition, compile_export

__all__ = ["Statement", "compile", "compile_condition", "compile_export"]
