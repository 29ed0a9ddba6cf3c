"""The `tenure` command: one module per subcommand, the command tree in `app`."""
