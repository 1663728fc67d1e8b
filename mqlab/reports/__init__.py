"""Results become documents; nothing is computed here."""
