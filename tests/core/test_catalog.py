"""The catalog: declarations that can't be built stop the start."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tenure_core.catalog import TAKEN, build_catalog
from tenure_core.declaration import Declared
from tenure_core.errors import DeclarationError
from tenure_core.model import Account, Contact


def test_a_reference_to_an_entity_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeclarationError, match="refers to Account"):
        build_catalog([Contact])


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_no_field_has_a_name_that_means_something_else_beside_it(name: str, monkeypatch) -> None:
    [first, *others] = [one for one in Account.__fields__ if isinstance(one, Declared)]
    monkeypatch.setattr(Account, "__fields__", (replace(first, name=name), *others))
    with pytest.raises(DeclarationError, match=name):
        build_catalog([Account])
