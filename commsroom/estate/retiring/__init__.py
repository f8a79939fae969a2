"""How equipment leaves: what was on it is gone, and a certificate says how that is known (clause 3.3.3)."""
