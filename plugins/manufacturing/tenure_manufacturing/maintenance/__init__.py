"""Maintenance planning: due dates, preventive work orders, intervals, running hours and SLA breaches."""
