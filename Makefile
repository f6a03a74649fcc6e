# On a fresh machine with Python >= 3.11: `make demo` runs everything, `make test` tests it.
PYTHON ?= python3
BIN := .venv/bin
KILLS ?= 30
WORKERS ?= 3
DATABASE ?= sqlite

.PHONY: demo test check clock lint bench chaos lock clean

demo: .venv/run.stamp
	$(BIN)/keepwarm demo

test: .venv/test.stamp
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/keepwarm check
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# The tests that go by the machine's clock, on every special day; DAYS="--at 2028-02-29T23:59+08:00" on one.
clock: .venv/test.stamp
	$(BIN)/python -m tests.days $(DAYS) -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: .venv/test.stamp
	$(BIN)/python -m bench

# Kills processes at random (KILLS=200 takes minutes) and looks what the providers got; DATABASE=postgres for the other.
chaos: .venv/test.stamp
	$(BIN)/python -m tests.system.chaos --kills $(KILLS) --database $(DATABASE)

# Writes the locks anew from pyproject.toml.
lock: .venv/run.stamp
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --group build --group dev --group bench -o requirements-dev.lock

clean:
	rm -rf .venv var build *.egg-info

.venv/run.stamp: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "keepwarm needs Python 3.11 or newer; run: make PYTHON=python3.12 demo")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/test.stamp: requirements-dev.lock .venv/run.stamp
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
