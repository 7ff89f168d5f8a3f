"""The window: shows what evtech knows and passes on what the user wants."""
