"""What survives a restart: the archive."""
