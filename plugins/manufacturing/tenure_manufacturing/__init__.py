"""Manufacturing maintenance: for makers of equipment whose revenue hangs on machines that run."""
