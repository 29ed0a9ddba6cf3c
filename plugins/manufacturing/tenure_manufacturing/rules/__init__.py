"""Validators of writes: plans, readings, timestamps and work orders."""
