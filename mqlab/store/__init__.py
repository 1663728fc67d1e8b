"""The ledger: SQLAlchemy models, migrations, append-only facts."""
