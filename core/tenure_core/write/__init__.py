"""The write path: `operations` are lists of `steps`, which process the parsed `rows` of a call."""
