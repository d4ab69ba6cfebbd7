# `make` alone lists what there is. PYTHON=python3.12 chooses the Python that .venv is built with,
# ARGS="-k digest" goes to pytest.

.DEFAULT_GOAL := help
.PHONY: help setup dev demo test test-fast coverage faults soak mutants bench bench-quick test-all-pythons check format docs pictures wheel clean distclean
BIN := .venv/bin
ARGS ?=

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{ printf "make %-18s %s\n", $$1, $$2 }'

setup: ## make .venv ready to run camreel
	@scripts/setup

dev: ## the same, with the tools for development
	@scripts/setup --dev

demo: setup ## export a video from the built-in simulated camera into camreel-demo/
	@$(BIN)/camreel demo

test: dev ## run all tests (some ten minutes)
	@scripts/test $(ARGS)

test-fast: dev ## run the unit tests but for the slow ones (under a minute)
	@scripts/test fast $(ARGS)

coverage: dev ## the same, and fail if they cover less than they did
	@scripts/test fast --cov --cov-report=term $(ARGS)

faults: dev ## print a table of what becomes of each fault of the camera
	@CAMREEL_FAULT_TABLE=1 CAMREEL_SOAK=1 scripts/test tests/system/faults $(ARGS)

soak: dev ## account for every frame of 300 random cards and 100 lots of odd clips (20 minutes)
	@CAMREEL_SOAK=$${CAMREEL_SOAK:-300,100} scripts/test tests/accounting tests/system/test_profiles.py tests/system/test_camera_time.py tests/system/test_killed_worker.py tests/system/faults --dist load $(ARGS)

mutants: dev ## change 300 lines of the code, one at a time, and see whether a test notices (30 minutes)
	@$(BIN)/python scripts/mutants.py $(ARGS)

bench: dev ## measure against what people could run instead, into docs/performance.md (25 minutes, 8 GB of disk)
	@$(BIN)/python -m benchmarks --page $(ARGS)

bench-quick: dev ## the same with little footage, to see that it works (5 minutes)
	@$(BIN)/python -m benchmarks --size quick $(ARGS)

test-all-pythons: dev ## run it on every CPython from 3.10 up that is installed
	@$(BIN)/python scripts/all_pythons.py $(ARGS)

check: dev ## format, lint, types, imports: nothing is changed
	@scripts/check

format: dev ## format the code, and fix what ruff can fix
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: dev ## write the pages that are made from the code, and build the site into build/site
	@$(BIN)/python scripts/reference.py
	@scripts/site

pictures: dev ## draw the pictures of the README, from a run on the simulated camera
	@$(BIN)/python scripts/pictures.py

wheel: dev ## build the wheel and try it in a clean environment
	@$(BIN)/python scripts/try_wheel.py

clean: ## remove what the other targets made, but for the environments
	@rm -rf build dist camreel-demo .pytest_cache .coverage .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove the environments as well
	@rm -rf .venv .venv-*
