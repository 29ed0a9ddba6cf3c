"""The `tenure plugin` command: one module per subcommand."""
