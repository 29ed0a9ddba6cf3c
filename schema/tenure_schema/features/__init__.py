"""Features of the API that are not entities: one module per feature, registered in `FEATURES`.

The schema and the executor iterate over `FEATURES`; to add a feature, add a module and list it here.
"""

from tenure_schema.features.change_feed import CHANGE_FEED
from tenure_schema.features.feature import Feature
from tenure_schema.features.field_owners import FIELD_OWNERS
from tenure_schema.features.plugin_admin import PLUGIN_ADMIN

FEATURES: tuple[Feature, ...] = (FIELD_OWNERS, PLUGIN_ADMIN, CHANGE_FEED)

__all__ = ["FEATURES", "Feature"]
