"""Where the heavy questions run: DuckDB in process, a PostgreSQL server, a Spark cluster; the same for who asks."""
