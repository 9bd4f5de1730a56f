"""A whole chain on one machine: simulated plant, gateway, broker, judge."""
