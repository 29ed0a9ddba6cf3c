"""Validation rules for work orders, meter readings and maintenance plans."""
