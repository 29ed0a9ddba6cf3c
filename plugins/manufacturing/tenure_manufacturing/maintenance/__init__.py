"""Maintenance planning: due dates, preventive orders, intervals and response times."""
