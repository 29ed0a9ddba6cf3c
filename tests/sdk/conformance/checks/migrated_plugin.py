"""Plugins with migrations, for the checks of migrations and of the uninstallation."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from tests.support.plugin_files import write_plugin

from tenure_core.migrate.autogenerate import write_revision
from tenure_sdk.conformance.fixtures.plugin_set import load_plugin_set

REVISION = """
revision = "{revision}"
down_revision = {down_revision}
branch_labels = None
depends_on = None

from alembic import op


def upgrade():
    op.execute("{upgrade}")


def downgrade():
    op.execute("{downgrade}")
"""


def write_migrated_plugin(folder: Path, server_url: str, name: str, entity: str, fields: str) -> ModuleType:
    """Write a plugin with one entity and its first migration."""
    body = f"""
class {entity}(Entity):
    \"\"\"A thing.\"\"\"

    metadata = METADATA
    name: Mapped[str] = column(unique=True, max_length=60)
{fields}

@hookimpl
def register_entities():
    return [{entity}]
"""
    module = write_plugin(folder, body, name)
    write_revision(server_url, load_plugin_set(module, []).alone, name)
    return module


def add_revision(module: ModuleType, revision: str, down_revision: str, upgrade: str, downgrade: str) -> None:
    """Write a further migration that executes SQL."""
    folder = Path(str(module.__file__)).parent / "migrations"
    text = REVISION.format(
        revision=revision, down_revision=f'"{down_revision}"', upgrade=upgrade, downgrade=downgrade
    )
    (folder / f"{revision}_more.py").write_text(text)
