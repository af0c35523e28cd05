# Every target sets up what it needs in .venv; nothing but Python 3.11 or newer and make is asked for.
PYTEST = .venv/bin/python -m pytest
# Three files at a time, on two cores: tests mostly wait for real time to pass. Engines and labs that
# tests start are shared within a file.
PARALLEL = -n 3 --dist loadfile

.PHONY: run lab test nightly check lint audit snapshots bench dist clean runtime dev

run: runtime            ## open the console on the embedded lab, or on your configuration
	@.venv/bin/softphone

lab: runtime            ## run the lab alone
	@.venv/bin/softphone lab

test: dev               ## all tests, the long ones shortened; ARGS goes to pytest
	$(PYTEST) $(PARALLEL) $(ARGS)

nightly: dev            ## all tests in full
	SOFTPHONE_NIGHTLY=1 $(PYTEST)

lint: dev               ## format, lint, types, import rules
	.venv/bin/ruff format --check softphone tests
	.venv/bin/ruff check softphone tests
	.venv/bin/mypy
	$(PYTEST) -q tests/test_layers.py

check: lint             ## lint, and all tests with the coverage gates
	.venv/bin/coverage erase
	.venv/bin/coverage run -m pytest
	.venv/bin/coverage combine -q
	.venv/bin/python tests/gates.py

audit: dev              ## known weaknesses of the installed dependencies
	@.venv/audit/bin/pip-audit --version >/dev/null 2>&1 || \
	    { .venv/bin/python -m venv .venv/audit && .venv/audit/bin/pip install -q pip-audit; }
	@.venv/audit/bin/pip-audit --progress-spinner off --skip-editable --path \
	    "$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

snapshots: dev          ## draw the console's screens anew; look at them before committing
	SNAPSHOT_UPDATE=1 $(PYTEST) -q tests/ui tests/engine/test_socket_doc.py -k snapshot

bench: dev              ## the figures of this machine
	.venv/bin/pip install -q '.[bench]' || true
	.venv/bin/softphone bench

dist: dev               ## wheel and source archive in dist/
	.venv/bin/python -m build

clean:                  ## remove everything that was made here
	rm -rf .venv dist build .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@.ci/setup runtime

dev:
	@.ci/setup dev
