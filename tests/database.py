"""Fixtures of a real PostgreSQL, one database per run."""
