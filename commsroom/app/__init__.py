"""The verbs of commsroom as plain functions: what the command line and the Ansible plugins call."""
