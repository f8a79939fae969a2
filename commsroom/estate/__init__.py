"""What there is and what there should be: resources, changes, plans."""
