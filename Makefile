# Each target sets up .venv when it is missing: `make study` and `make test` are all a newcomer needs.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS ?= test,lint,dask,parquet

.PHONY: study test lint bench bench-ladder clean

study: .venv/ready
	$(BIN)/misread study --out runs/digits

test: .venv/ready
	$(BIN)/pytest

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# DATA=fashion-mnist measures on other images; FULL=1 times the whole stock notebook as well, with the scikit-learn
# that gave the study's numbers (half an hour on two cores).
bench: .venv/ready $(if $(FULL),.venv-stock/ready)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA)) $(if $(FULL),--stock-python .venv-stock/bin/python)

.venv-stock/ready:
	$(PYTHON) -m venv .venv-stock
	.venv-stock/bin/pip install --quiet --disable-pip-version-check scikit-learn==1.7.2
	touch $@

# Trains the dear rungs with three seeds each: about an hour on two cores.
bench-ladder: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[deep]'
	$(BIN)/python -m benchmarks.ladder

clean:
	rm -rf .venv .venv-stock build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache

.venv/ready: pyproject.toml constraints.txt
	@echo "Installing misread and what it needs into .venv: a minute or two."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@
