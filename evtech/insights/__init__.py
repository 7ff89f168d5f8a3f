"""What do many sessions say? Availability, success, utilisation, demand and anomalies, each with its uncertainty."""
