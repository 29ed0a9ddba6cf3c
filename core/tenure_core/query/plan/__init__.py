"""From a request to a plan: pure, and tested without a database."""

from tenure_core.query.plan.binds import Bind, bind_values
from tenure_core.query.plan.nodes import Plan
from tenure_core.query.plan.planner import Planned, plan, plan_records, plan_references

__all__ = ["Bind", "Plan", "Planned", "bind_values", "plan", "plan_records", "plan_references"]
