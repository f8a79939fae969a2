"""Proof by use: a small telephone of our own (`sip`, `media`), and what is tried with it (`steps`)."""
