"""What cannot be read from the systems: ownership, intents, outcomes, events."""
