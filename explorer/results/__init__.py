"""What was measured: scores read into tables, ranks, and comparisons over seeds."""
