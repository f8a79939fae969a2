"""A company's communication systems as code: policy in, proven accounts out."""

__version__ = "0.1.0"
