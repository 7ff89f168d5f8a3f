"""The words and values of the field; imports nothing else from evtech."""
