"""From policy and roster to resources: pure, dated, deterministic."""
