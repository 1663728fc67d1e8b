"""Synthetic funnels with a known truth."""
