"""Watching a device over time: samples, sessions, alarms, recording."""
