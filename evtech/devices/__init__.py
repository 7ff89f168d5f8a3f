"""What answers at the other end of a link, described by profiles."""
