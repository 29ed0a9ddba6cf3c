"""Places: where in a response something stands, by the names of the fields that lead there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Place = tuple[str, ...]
"""The names of the fields that lead to a value; positions in lists are left out."""


def place_of(answer: object, signs: Iterable[str]) -> Place:
    """Return where the first value stands that holds one of some texts; () where none does."""
    wanted = tuple(signs)
    for place, value in leaves(answer):
        if isinstance(value, str) and any(sign in value for sign in wanted):
            return place
    return ()


def difference(first: object, second: object) -> Place:
    """Return where two answers differ first; () where they do not, or only in what is there."""
    before, after = list(leaves(first)), list(leaves(second))
    for one, other in zip(before, after, strict=False):
        if one != other:
            return one[0]
    return ()


def leaves(value: object, place: Place = ()) -> Iterator[tuple[Place, object]]:
    """Yield the values of an answer, each with its place."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*place, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, place)
    else:
        yield place, value
