"""Mathematics on sufficient statistics: pure functions, no data frames, no leads."""
