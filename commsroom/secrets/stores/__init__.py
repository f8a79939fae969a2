"""Other places that secrets may be kept in, each behind the same `Store`: one module a kind."""
