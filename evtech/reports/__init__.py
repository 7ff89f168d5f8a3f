"""What is handed over: documents made from the archive."""
