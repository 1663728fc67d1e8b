"""The definition language: load, bind, evaluate, explain, compare."""
