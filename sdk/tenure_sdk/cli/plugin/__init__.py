"""The `tenure plugin` commands: one module per subcommand, the command tree in `app`."""
