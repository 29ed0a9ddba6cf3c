"""The change feed: its rows, pages, snapshot exports and retention."""
