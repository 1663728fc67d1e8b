"""Sales feedback and lead data: files read, mapped, identified and handed to the ledger, every row accounted for."""
