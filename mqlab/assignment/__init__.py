"""Hash to arm: a pure function of salt, unit, first arrival and phases."""
