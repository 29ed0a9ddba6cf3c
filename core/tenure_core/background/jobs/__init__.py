"""Scheduled jobs: due times, the queue, and the worker that runs queued jobs."""
