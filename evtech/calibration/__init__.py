"""How accurate is the charger's meter: limits, doses, error, uncertainty, verdict."""
