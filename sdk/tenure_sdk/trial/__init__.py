"""Trials: a whole Tenure with chosen plugins for a while, for tests of plugins and the checks of the kit."""

from tenure_sdk.trial.tables import create_tables
from tenure_sdk.trial.tenants import Response, RunningTenure, Tenant, running_tenure

__all__ = ["Response", "RunningTenure", "Tenant", "create_tables", "running_tenure"]
