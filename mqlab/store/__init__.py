"""The store: the append-only ledger in SQLite or PostgreSQL."""
