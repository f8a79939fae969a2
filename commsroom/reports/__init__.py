"""One report structure, rendered for people and for machines."""
