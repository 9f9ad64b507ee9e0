# make demo    see it work (no key, no network)      make test    the test suite
# make check   everything CI runs after the tests     make lab     JupyterLab on the simulated market
# make bench   the benchmarks, with their ratios      make drill   every fault on every call
# make bench-notebook   the live table beside other widgets, in a real browser
# make lock    renew the lock files under .ci/

PYTHON ?= python3
SMALL := .venv
FULL := .venv-dev
# Where the backtest engines are: pandas 2 in the one, pandas 3 in the other.
ENGINES := .venv-interop-a .venv-interop-b
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
# Jupyter refuses root unless it is told; in containers everybody is.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: demo test check lab bench bench-notebook drill lock interop-environments clean

demo: $(SMALL)/ready
	@$(SMALL)/bin/quantdata demo

test: $(SMALL)/ready
	@$(SMALL)/bin/python -m pytest -n 2 --dist worksteal

check: $(FULL)/ready
	@PATH="$(CURDIR)/$(FULL)/bin:$$PATH" .ci/check

lab: $(FULL)/ready
	@QUANTDATA_SOURCE=$${QUANTDATA_SOURCE:-sim} $(FULL)/bin/jupyter lab $(AS_ROOT) notebooks/01_first_chain.ipynb

bench: $(FULL)/ready
	@$(FULL)/bin/python -m tests.benchmarks

bench-notebook: $(FULL)/ready
	@$(FULL)/bin/python -m tests.benchmarks.notebook

drill: $(FULL)/ready
	@$(FULL)/bin/python -m tests.drills

lock:
	$(COMPILE) pyproject.toml .ci/tools.in --extra test --output-file .ci/small.lock
	$(COMPILE) pyproject.toml .ci/tools.in --extra dev --output-file .ci/full.lock
	$(COMPILE) pyproject.toml .ci/tools.in .ci/interop_a.in --extra test --excludes .ci/interop.unused --output-file .ci/interop_a.lock
	$(COMPILE) pyproject.toml .ci/tools.in .ci/interop_b.in --extra test --excludes .ci/interop.unused --output-file .ci/interop_b.lock

interop-environments: $(ENGINES:=/ready)

clean:
	rm -rf $(SMALL) $(FULL) $(ENGINES) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

# Each environment: a virtual environment, uv into it, exactly what the lock file says, and the package itself.
define environment
	@echo "setting up $(1) from $(2) …"
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=$(1) $(1)/bin/uv pip sync --quiet --require-hashes $(2)
	@VIRTUAL_ENV=$(1) $(1)/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(1)/ready
endef

$(SMALL)/ready: .ci/small.lock pyproject.toml
	$(call environment,$(SMALL),.ci/small.lock)

$(FULL)/ready: .ci/full.lock pyproject.toml
	$(call environment,$(FULL),.ci/full.lock)

.venv-interop-%/ready: .ci/interop_%.lock pyproject.toml
	$(call environment,.venv-interop-$*,.ci/interop_$*.lock)
