"""Plans a request: no I/O, and independent of the values of variables."""

from tenure_core.query.plan.binds import Bind, bind_values
from tenure_core.query.plan.nodes import Plan
from tenure_core.query.plan.planner import Planned, plan, plan_records

__all__ = ["Bind", "Plan", "Planned", "bind_values", "plan", "plan_records"]
