"""From a request to a plan: pure, and tested without a database."""

from tenure_core.query.plan.binds import Bind, bound
from tenure_core.query.plan.nodes import Plan
from tenure_core.query.plan.planner import Planned, plan, plan_records, plan_references

__all__ = ["Bind", "Plan", "Planned", "bound", "plan", "plan_records", "plan_references"]
