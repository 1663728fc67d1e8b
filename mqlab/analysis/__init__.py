"""Protocol, data and mathematics become results."""
