"""The demo's machines: a year of running, failing and being maintained at those customers who make things."""
