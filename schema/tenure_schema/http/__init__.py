"""HTTP: request parsing, responses, logging, the IDE page and exports."""
