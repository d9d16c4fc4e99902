# make demo: the main job on a real SDK client.  make test: sets up and runs the tests.  Nothing else is needed.
PYTHON ?= python3
# Hundreds of Pythons are started: each would compile again what it imports.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

.PHONY: demo test whole laws check platforms secrets fuzz trap pythons newest sdks ecosystem docs build clean bench bench-gate bench-growth fidelity

$(VENV)/.ready: pyproject.toml hatch_build.py $(wildcard startup/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "llm-intercept needs Python 3.11 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet uv
	$(UV) pip install --quiet --python $(BIN)/python --group dev --editable ".[cli,httpx,httpx2,serve]"
	@touch $@

demo: $(VENV)/.ready
	@$(BIN)/python examples/demo.py

test: $(VENV)/.ready
	@TEST_LEFTOVERS=1 $(BIN)/python -m pytest $(PYTEST_ARGS)

# The laws of which `make test` looks at a part, in whole: every example, round and recording (tests/amounts.py).
whole: $(VENV)/.ready
	@TEST_ALL=1 $(BIN)/python -m pytest $$(grep -rl --include='test_*.py' '^from tests.amounts import .*\(amount\b\|examples\|WHOLE\)\|^@given' tests) $(PYTEST_ARGS)

# The laws whose examples are drawn, with LAWS_TIMES as many new ones as `make whole` draws.
LAWS_TIMES ?= 10
laws: $(VENV)/.ready
	@TEST_ALL=1 TEST_TIMES=$(LAWS_TIMES) $(BIN)/python -m pytest $$(grep -rl --include='test_*.py' '^@given' tests) $(PYTEST_ARGS)

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n0 tests/test_house.py

# Every generated secret in every place of an exchange, and cut in two at every character: some 2 minutes.
secrets: $(VENV)/.ready
	LLM_INTERCEPT_ALL_SECRETS=1 $(BIN)/python -m pytest -q -n0 tests/test_secret_places.py

# Inputs of others' making against the laws of tests/fuzz, for so many seconds in all; FUZZ_ARGS: targets, --seed N, --traces.
FUZZ_SECONDS ?= 120
fuzz: $(VENV)/.ready
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(FUZZ_ARGS)

# Every host by every door in every mode, in a network of its own; Linux, as root or with user namespaces.
trap: $(VENV)/.ready
	$(BIN)/nox --default-venv-backend uv -s trap

# The types as Windows and macOS have them.
platforms: $(VENV)/.ready
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 src
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin src
	$(BIN)/pyright --pythonplatform Windows src

# The suite on other Pythons, as many as there are, and with the oldest releases of what is needed.
pythons: $(VENV)/.ready
	$(BIN)/nox --default-venv-backend uv -s pythons lowest

# The suite with the newest releases, pre-releases too: once a week, or when an SDK has a new one.
newest: $(VENV)/.ready
	$(BIN)/nox --default-venv-backend uv -s newest

sdks: $(VENV)/.ready
	$(BIN)/nox --default-venv-backend uv -s sdk websockets aiohttp urllib3 own_tests startup

ecosystem: $(VENV)/.ready
	$(BIN)/nox --default-venv-backend uv -s ecosystem migrate clients servers load page

# The site, in build/docs; warnings are errors.
docs: $(VENV)/.ready
	@$(BIN)/nox --default-venv-backend uv -s docs

bench: $(VENV)/.ready
	@cd benchmarks && ../$(BIN)/python -m harness $(BENCH_ARGS)

bench-gate: $(VENV)/.ready
	@$(BIN)/python benchmarks/gate.py $(BENCH_ARGS)

bench-growth: $(VENV)/.ready
	@$(UV) pip install --quiet --python $(BIN)/python --group bench
	@cd benchmarks && ../$(BIN)/python -m harness.growth $(BENCH_ARGS) && ../$(BIN)/python -m harness.growth --plot

# How far our answers are from the recorded ones, for docs/fidelity.md: some minutes; FIDELITY_ARGS: -v, -k API.
fidelity: $(VENV)/.ready
	@$(BIN)/nox --default-venv-backend uv -s fidelity -- $(FIDELITY_ARGS)

build: $(VENV)/.ready
	$(UV) build --quiet --out-dir dist

clean:
	rm -rf $(VENV) .nox .cache dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
