"""What becomes of equipment that is retired: its data, by media, and what may be said of that (clause 3.3.3)."""
