"""The command line: it parses, calls `app`, renders with `reports` and ends with an exit code.

`commsroom --help` must stay under a quarter of a second: modules here import nothing heavy at their
top, and tests/cli/test_startup.py holds them to it.
"""
