"""The query parameters of a bulk load have defaults; unknown names and values are rejected."""

from __future__ import annotations

import pytest

from tenure_core.errors import BadUserInputError
from tenure_core.write.chunks import ErrorPolicy
from tenure_core.write.rows.match_key import OnConflict
from tenure_schema.bulk_load.options import Options, parse_options


def test_options_have_defaults() -> None:
    assert parse_options({}) == Options(ErrorPolicy.REJECT_FAILED_ROWS, OnConflict.MERGE, dry_run=False)


def test_options_are_parsed() -> None:
    options = parse_options({"errorPolicy": "IGNORE_FAILED", "onConflict": "SKIP", "dryRun": "true"})
    assert options == Options(ErrorPolicy.IGNORE_FAILED, OnConflict.SKIP, dry_run=True)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"dryrun": "true"}, "'dryrun' is unknown.*errorPolicy, onConflict, dryRun"),
        ({"dryRun": "yes"}, "'yes' is not a value of dryRun.*true, false"),
        ({"onConflict": "merge"}, "'merge' is not a value of onConflict.*MERGE"),
        ({"errorPolicy": ""}, "'' is not a value of errorPolicy"),
    ],
)
def test_an_invalid_parameter_is_rejected(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(BadUserInputError, match=message):
        parse_options(parameters)


@pytest.mark.parametrize(
    ("policy", "dry_run", "stops"),
    [
        ("REJECT_EVERYTHING", "false", True),
        ("REJECT_EVERYTHING", "true", False),
        ("IGNORE_FAILED", "false", False),
    ],
)
def test_only_reject_everything_stops_at_a_rejected_row(policy: str, dry_run: str, stops: bool) -> None:
    options = parse_options({"errorPolicy": policy, "dryRun": dry_run})
    assert options.stops_at_rejection is stops
