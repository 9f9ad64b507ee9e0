"""What `import quantdata` promises: names, docstrings, signatures, and how little it loads."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from textwrap import dedent
from typing import Any

import pytest

import quantdata as qd
from quantdata import validation
from quantdata.client import default

# What must not be there before it is needed: heavy, or none of a first chain's business.
HEAVY = ("polars", "numpy", "scipy", "httpx", "aiohttp", "msgspec", "pandas", "pandera", "plotly", "starlette")
FUNCTIONS = sorted(set(default.__all__) - {"default_client"})
METHODS = sorted(
    name for name, found in vars(qd.AsyncClient).items() if inspect.iscoroutinefunction(found) and name[0] != "_"
)


def _loaded(script: str) -> list[str]:
    """Return which heavy packages a script has loaded in the end, in a process of its own."""
    told = f"import sys; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{dedent(script)}\n{told}"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()[-1].split()


# --- names ----------------------------------------------------------------------------------------------------------


def test_every_public_name_resolves_and_nothing_else_does() -> None:
    assert qd.__all__ == sorted(set(qd.__all__), key=lambda name: (name.islower(), name))
    assert set(qd.__all__) == set(qd._HOME_OF)
    assert all(getattr(qd, name) is not None for name in qd.__all__)
    assert set(qd.__all__) <= set(dir(qd))
    with pytest.raises(AttributeError, match="module 'quantdata' has no attribute 'chains'"):
        qd.chains  # noqa: B018
    with pytest.raises(ImportError):
        from quantdata import chains  # noqa: F401, PLC0415


def test_dir_lists_what_a_user_may_want_and_not_what_the_module_works_with() -> None:
    assert [name for name in dir(qd) if not name.startswith("__")] == sorted(qd.__all__)
    assert {"__doc__", "__version__"} <= set(dir(qd))


def test_a_star_import_gives_the_public_names() -> None:
    names: dict[str, Any] = {}
    exec("from quantdata import *", names)  # noqa: S102
    assert set(names) - {"__builtins__"} == set(qd.__all__)


def test_what_judges_and_compares_is_public() -> None:
    assert {"Quality", "compare", "explain", "quality", "validate"} <= set(qd.__all__)
    assert (qd.Quality, qd.explain, qd.quality, qd.validate) == (
        validation.Quality,
        validation.explain,
        validation.quality,
        validation.validate,
    )


@pytest.mark.parametrize("name", qd.__all__)
def test_no_module_bears_the_name_of_a_public_name(name: str) -> None:
    assert importlib.util.find_spec(f"quantdata.{name}") is None


@pytest.mark.parametrize("name", qd.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    found = getattr(qd, name)
    assert found.__doc__
    first = found.__doc__.strip().splitlines()[0]
    assert first.endswith("."), first
    assert found.__doc__ != getattr(type(found), "__doc__", None)


@pytest.mark.parametrize("kind", [qd.Client, qd.AsyncClient])
def test_every_public_method_says_what_it_does(kind: type) -> None:
    for name, found in inspect.getmembers(kind, inspect.isfunction):
        if not name.startswith("_"):
            assert found.__doc__, f"{kind.__name__}.{name}"


# --- signatures -----------------------------------------------------------------------------------------------------


def _parameters(function: Any) -> list[inspect.Parameter]:
    return [each for name, each in inspect.signature(function).parameters.items() if name != "self"]


@pytest.mark.parametrize("name", METHODS)
def test_both_clients_have_the_same_methods(name: str) -> None:
    ours, theirs = getattr(qd.Client, name), getattr(qd.AsyncClient, name)
    assert not inspect.iscoroutinefunction(ours)
    assert _parameters(ours) == _parameters(theirs)
    assert inspect.signature(ours).return_annotation == inspect.signature(theirs).return_annotation
    assert ours.__doc__ == theirs.__doc__


def test_neither_client_has_a_method_that_the_other_lacks() -> None:
    public = {kind: {name for name in vars(kind) if not name.startswith("_")} for kind in (qd.Client, qd.AsyncClient)}
    assert public[qd.Client] == public[qd.AsyncClient] == set(METHODS)


@pytest.mark.parametrize("name", ["__init__", *FUNCTIONS])
def test_functions_and_constructors_take_the_same_arguments(name: str) -> None:
    if name == "__init__":
        assert _parameters(qd.Client.__init__) == _parameters(qd.AsyncClient.__init__)
    else:
        function = getattr(qd, name)
        assert _parameters(function) == _parameters(getattr(qd.Client, name))
        assert list(inspect.signature(function).parameters.values()) == _parameters(function)


def test_every_function_of_the_default_client_is_public() -> None:
    assert set(FUNCTIONS) <= set(qd.__all__)
    assert set(METHODS) - set(FUNCTIONS) == {
        "chain_as_of",
        "chain_history",
        "close",
        "entitlements",
        "health",
        "metrics",
    }


def test_clients_take_rates_an_age_and_what_may_stand_in_by_name_alone() -> None:
    taken = inspect.signature(qd.Client).parameters
    assert next(iter(taken)) == "source"
    for name, default_value in (("rates", None), ("max_age", None), ("delayed_fallback", False), ("lake", None)):
        assert (taken[name].kind, taken[name].default) == (inspect.Parameter.KEYWORD_ONLY, default_value)


@pytest.mark.parametrize("name", METHODS)
def test_after_two_arguments_the_rest_are_named(name: str) -> None:
    positional = [each for each in _parameters(getattr(qd.Client, name)) if each.kind is not each.KEYWORD_ONLY]
    # A contract is its four terms, bars, trades and a history are a symbol over a span: read in that order everywhere.
    assert len(positional) <= {"contract": 4, "bars": 4, "trades": 3, "chain_history": 3}.get(name, 2)


# --- what is loaded -------------------------------------------------------------------------------------------------


def test_importing_loads_nothing_heavy() -> None:
    assert _loaded("import quantdata") == []


def test_errors_and_symbols_load_nothing_heavy() -> None:
    assert _loaded("from quantdata import OptionSymbol, QuantDataError, run, ErrorCode") == []


def test_a_first_chain_loads_neither_pandas_nor_pandera() -> None:
    script = """
        import quantdata as qd
        assert qd.Client("sim", clock="at:2026-11-18T11:00").chain("DIA", dte=(0, 7)).height
    """
    loaded = set(_loaded(script))
    assert loaded >= {"polars", "numpy", "httpx"}
    assert not {"pandas", "pandera", "plotly"} & loaded
