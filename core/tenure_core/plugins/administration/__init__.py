"""Plugin administration: which tenant has enabled which plugin, its settings and its status."""
