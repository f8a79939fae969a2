"""The only rooms that import Nornir and ansible-runner: who is asked what, for how long."""
