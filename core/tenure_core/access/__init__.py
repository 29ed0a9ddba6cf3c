"""Access control: who the caller is, which grants the caller holds, and which rows are visible."""
