"""The `tenure` command: one module per subcommand."""
