"""Activities on the account timeline."""
