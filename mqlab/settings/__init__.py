"""mqlab.toml and the environment, read in one place."""
