"""The vocabulary of leads: records, text, values, instants. No I/O and no rules."""
