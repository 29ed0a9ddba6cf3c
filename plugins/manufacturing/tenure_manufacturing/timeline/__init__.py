"""Activities that the pack writes to the timeline of an account."""
