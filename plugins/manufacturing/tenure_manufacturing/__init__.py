"""Manufacturing maintenance: a Tenure plugin for manufacturers and service providers of equipment."""
