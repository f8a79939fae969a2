"""Switches with a command line: one session, one provider and one way to compare, whatever the vendor.

A vendor's dialect is a back end of its own beside this folder, and holds its words only: `dialect` (what
things are called), `client` (prompts, refusals, how to save), `fake` (which line stands in another's place).
This folder is no back end and knows none of them.
"""
