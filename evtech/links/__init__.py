"""The wire: links, their discipline and their traffic."""
