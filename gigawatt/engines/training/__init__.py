"""Training: FLOPs, memory, step time and search over parallel layouts."""
