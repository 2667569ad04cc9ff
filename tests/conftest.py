"""Fixtures that several rooms of tests share."""

from tests.postgres import new_databases, postgres

__all__ = ["new_databases", "postgres"]
