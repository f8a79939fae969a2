"""The verbs as plain functions: what the command line and the plug-ins call."""
