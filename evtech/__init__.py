"""evtech, the bench instrument of EV-charger technicians: the core, which works without a screen."""

VERSION = "0.1.0"
