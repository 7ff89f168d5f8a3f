"""A charger, a vehicle and meters without hardware."""
