"""Databases: a SQLite file or a PostgreSQL server, opened, migrated and spoken to in one way. It knows tables, not records."""
