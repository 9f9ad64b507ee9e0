"""The tree of errors: what catches what, what each says, and how it travels."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from typing import TYPE_CHECKING

import pytest

from quantdata import errors
from quantdata.errors import (
    AllProvidersFailedError,
    ArgumentError,
    DataProviderError,
    ErrorCode,
    IncompleteError,
    QuantDataError,
    QuantDataWarning,
    RateLimitError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, QuantDataError)]
DOWN = UnavailableError(
    "massive: down", provider="massive", endpoint="/v3/x", status=503, request_id="6f", retry_after_s=2.0
)


def _depth(kind: type) -> int:
    return kind.__mro__.index(QuantDataError)


def test_the_drawing_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"([│ ├└─]*)\b(\w+Error) {2,}", errors.__doc__)
    assert {name for _, name in drawn} == {kind.__name__ for kind in CLASSES}
    parents: list[str] = []
    for indent, name in drawn:
        level = max(0, (len(indent) - 4) // 4)
        parents[level:] = [name]
        if level:
            assert getattr(errors, name).__bases__[0].__name__ == parents[level - 1]


def test_all_errors_are_public() -> None:
    names = {kind.__name__ for kind in CLASSES}
    assert set(errors.__all__) == names | {"ErrorCode", "QuantDataWarning"}
    assert issubclass(QuantDataWarning, UserWarning)


def test_a_bad_argument_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        raise ArgumentError("nonsense")


def test_each_kind_of_provider_error_has_its_own_code() -> None:
    kinds = [kind for kind in CLASSES if issubclass(kind, DataProviderError) and kind is not DataProviderError]
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_code_can_be_given() -> None:
    error = DataProviderError("refused", provider="massive", code=ErrorCode.MASSIVE_API_ERROR)
    assert error.code is ErrorCode.MASSIVE_API_ERROR
    assert DataProviderError.code is ErrorCode.UNAVAILABLE


def test_codes_are_their_own_words() -> None:
    assert all(code.name == code.value for code in ErrorCode)


def test_an_incomplete_answer_has_the_facts_of_what_went_wrong() -> None:
    error = IncompleteError(DOWN, received=[1, 2], arrived="2 pages")
    assert str(error) == (
        "massive: 2 pages arrived, then massive: down; nothing shorter is handed out as if it were whole"
    )
    assert (error.provider, error.endpoint, error.status) == ("massive", "/v3/x", 503)
    assert (error.request_id, error.retry_after_s) == ("6f", 2.0)
    assert (error.reason, error.received, error.code) == (DOWN, [1, 2], ErrorCode.INCOMPLETE)


def test_when_all_providers_failed_each_ones_error_is_kept() -> None:
    own = {"massive": DOWN, "tradier": RateLimitError("tradier: slow", provider="tradier")}
    error = AllProvidersFailedError("nobody answered", errors=own)
    assert error.errors == own
    assert error.errors is not own
    assert error.provider == "hybrid"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        DataProviderError("refused", provider="massive", code=ErrorCode.MASSIVE_API_ERROR),
        IncompleteError(DOWN, received=[1, 2], arrived="2 pages"),
        AllProvidersFailedError("nobody answered", errors={"massive": DOWN}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_travel_between_processes(
    error: DataProviderError, again: Callable[[DataProviderError], DataProviderError]
) -> None:
    copied = again(error)
    assert type(copied) is type(error)
    assert str(copied) == str(error)
    assert copied.code is error.code
    facts, copied_facts = vars(error), vars(copied)
    assert {name: str(fact) for name, fact in copied_facts.items()} == {name: str(fact) for name, fact in facts.items()}
