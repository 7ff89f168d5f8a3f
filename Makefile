# evtech: everything a fresh machine with Python 3.11+ and make needs. `make run` opens the demo, `make test` tests.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready

.PHONY: setup run test check bench bundle clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt packaging/setup.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" sh packaging/setup.sh
	touch $(READY)

run: $(READY)  ## the demo: a window, or headless where there is no display
	$(BIN)/evtech demo

test: $(READY)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n auto --dist worksteal -m "not window"
	@if command -v xvfb-run >/dev/null 2>&1; then \
	  env -u QT_QPA_PLATFORM xvfb-run -a $(BIN)/python -m pytest -m window || [ $$? = 5 ]; \
	else echo "xvfb-run is missing: the window smoke test is skipped"; fi

check: $(READY)  ## lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports

bench: $(READY)
	@for file in tests/bench/bench_*.py; do echo "== $$file"; QT_QPA_PLATFORM=offscreen $(BIN)/python $$file || exit 1; done

bundle: $(READY)  ## a folder that runs without Python; smoke-tested in an empty home
	$(BIN)/python packaging/bundle.py

clean:
	rm -rf $(VENV) build dist
