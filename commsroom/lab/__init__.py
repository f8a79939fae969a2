"""The real servers of a test estate, on this machine."""
