"""Events → events with fair values, each with its source; a missing price is an Issue, never zero."""
