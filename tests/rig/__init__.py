"""A whole chain on one machine: simulated plant, gateway, broker, judge."""

GOOD = {"ok", "unsynchronised"}
"""What a good reading is called: the clock of a test machine may never have been set."""
