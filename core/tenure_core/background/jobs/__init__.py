"""Scheduled jobs: when they are due, how they are queued, and how a worker runs them."""
