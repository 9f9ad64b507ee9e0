"""The rules as pandera schemas. That they agree with `validate` row by row is in tests/property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from pandera.errors import SchemaErrors

from quantdata.validation import schemas, validate
from quantdata.validation.kinds import KINDS
from tests.unit.validation.healthy import AT, BARS, CHAIN, EQUITIES, FLOW, INDICES, TRADES, changed, place

if TYPE_CHECKING:
    import pandera.polars as pa

SCHEMAS = {
    "chain": (schemas.CHAIN, CHAIN),
    "equity quotes": (schemas.EQUITY_QUOTES, EQUITIES),
    "index quotes": (schemas.INDEX_QUOTES, INDICES),
    "bars": (schemas.BARS, BARS),
    "trades": (schemas.TRADES, TRADES),
    "flow": (schemas.FLOW, FLOW),
}


@pytest.mark.parametrize(("schema", "frame"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_healthy_frame_passes_unchanged(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> None:
    judged = validate(frame, AT)
    assert schema.validate(judged, lazy=True).equals(judged)


def failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    with pytest.raises(SchemaErrors) as caught:
        schema.validate(frame, lazy=True)
    cases: list[tuple[Any, ...]] = caught.value.failure_cases.select("check", "index").rows()
    return sorted(cases)


def test_a_failure_names_rule_sentence_and_row_in_the_order_that_came() -> None:
    row = place(100.0, "call")
    broken = changed(validate(CHAIN, AT), row, bid_size=-1).reverse()
    expected = [("negative_size: a size of the quote is below 0", CHAIN.height - 1 - row)]
    assert failures(schemas.CHAIN, broken) == expected


def test_notes_are_no_failures() -> None:
    frame = changed(validate(CHAIN, AT), 0, volume=0)
    assert schemas.CHAIN.validate(frame, lazy=True).height == CHAIN.height


def test_a_column_of_another_dtype_is_a_failure() -> None:
    [(check, _)] = failures(schemas.EQUITY_QUOTES, validate(EQUITIES, AT).with_columns(pl.col("bid").cast(pl.Float32)))
    assert check == "dtype('Float64')"


def test_a_missing_column_is_a_failure() -> None:
    assert any("vendor_error" in str(case) for case in _cases(validate(EQUITIES, AT).drop("vendor_error")))


def _cases(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    with pytest.raises(SchemaErrors) as caught:
        schemas.EQUITY_QUOTES.validate(frame, lazy=True)
    cases: list[tuple[Any, ...]] = caught.value.failure_cases.rows()
    return cases


def test_each_kind_has_its_schema_with_a_check_for_each_error_and_warning() -> None:
    for kind, (schema, _) in zip(KINDS, SCHEMAS.values(), strict=True):
        assert schema.name == kind.name
        assert [check.name for check in schema.checks] == [rule.name for rule in kind.rules if rule.severity != "note"]
