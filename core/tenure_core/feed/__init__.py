"""The feed: what is kept of every change, and how readers follow it."""
