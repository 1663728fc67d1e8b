"""CRM files and payloads become facts: map, identify, quarantine."""
