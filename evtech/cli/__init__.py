"""The commands; no Qt."""
