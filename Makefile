# Each target sets up .venv when it is missing: `make study` and `make test` are all a newcomer needs.
PYTHON ?= python3
BIN := .venv/bin
EXTRAS ?= test,lint,dask,parquet
WORKERS ?= 2
ALL_EXTRAS := test,lint,docs,dask,parquet,deep,bench

OLDEST := .venv-oldest/bin

.PHONY: study test coverage oldest lint lint-js docs docs-pictures constraints wheel changelog bench bench-ladder bench-road bench-serving clean

study: .venv/ready
	$(BIN)/misread study --out runs/digits

# In WORKERS processes, each with whole files of tests; one test or file: .venv/bin/pytest tests/...
test: .venv/ready
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder $(TESTS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Which lines of the package the tests run; fails below the floor in pyproject.toml. Compiled kernels cannot be seen.
coverage: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check coverage
	$(BIN)/coverage run -m pytest $(TESTS)
	$(BIN)/coverage report --skip-covered

# The oldest versions that pyproject promises: installed, and asked all that needs neither network nor PyTorch. What
# old versions warn of is theirs.
oldest:
	rm -rf .venv-oldest
	$(PYTHON) -m venv .venv-oldest
	$(OLDEST)/pip install --quiet --disable-pip-version-check uv
	$(OLDEST)/uv pip compile --quiet --python $(OLDEST)/python --resolution lowest-direct \
	  $(foreach extra,dask notebook onnx parquet serve,--extra $(extra)) pyproject.toml -o .venv-oldest/oldest.txt
	$(OLDEST)/uv pip install --quiet --python $(OLDEST)/python --override .venv-oldest/oldest.txt \
	  --editable '.[dask,notebook,onnx,parquet,serve,test]'
	$(OLDEST)/python -m pytest -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning \
	  -W ignore::pytest.PytestRemovedIn10Warning $(or $(TESTS),tests --ignore tests/docs --ignore tests/widgets)

# JavaScript, where there is npm.
lint-js:
	npx --yes eslint@9 src/misread

# The site, in docs/_build/html: what its pages show is run while it is built, and a warning is an error.
docs: .venv/docs
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

.venv/docs: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	touch $@

# The pictures of README and site; needs MNIST and chromium.
docs-pictures: .venv/ready
	$(BIN)/python docs/pictures.py

# constraints.txt anew, from the newest versions that pyproject allows. Run the tests before you commit it.
constraints:
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/pip install --quiet --disable-pip-version-check --editable '.[$(ALL_EXTRAS)]'
	{ echo "# What an installation was tested with; pip takes it with --constraint, so installs are repeatable."; \
	  echo "# Made by: make constraints"; \
	  .venv-constraints/bin/pip freeze --exclude-editable | sed 's/+cpu$$//'; } > constraints.txt
	rm -rf .venv-constraints

# Wheel and source archive, in dist; each is tried in an empty environment by tests/docs/test_package.py.
wheel: .venv/ready
	$(BIN)/python -m build --quiet --outdir dist

# The fragments of changes/ become a section of CHANGELOG.md; DRAFT=1 only shows it.
changelog: .venv/docs
	$(BIN)/towncrier build --yes $(if $(DRAFT),--draft) $(if $(VERSION),--version $(VERSION))

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

# Everybody from a cold process, with five seeds each: some hours on two cores (it says how many), ten minutes with
# WITHIN=60s. DATA, SEEDS and FIRST (the first seed) choose other images and other seeds. What was measured before with
# the same code is kept.
bench-road: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[deep]'
	$(BIN)/python -m benchmarks.road $(if $(DATA),--data $(DATA)) $(if $(WITHIN),--within $(WITHIN)) \
	  $(if $(SEEDS),--seeds $(SEEDS)) $(if $(FIRST),--first $(FIRST))

# Serving beside FastAPI and LitServe, which are installed in an environment of their own; goes on where it stopped.
bench-serving: .venv/ready .venv-rivals/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[deep,onnx,serve]'
	$(BIN)/python -m benchmarks.serving --rivals .venv-rivals/bin/python

.venv-rivals/ready:
	$(PYTHON) -m venv .venv-rivals
	.venv-rivals/bin/pip install --quiet --disable-pip-version-check fastapi 'uvicorn[standard]' onnxruntime litserve
	touch $@

clean:
	rm -rf .venv .venv-oldest .venv-stock .venv-rivals .venv-constraints build dist docs/_build docs/reference/generated src/*.egg-info .pytest_cache .mypy_cache .ruff_cache

.venv/ready: pyproject.toml constraints.txt
	@echo "Installing misread and what it needs into .venv: a minute or two."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'
	touch $@
