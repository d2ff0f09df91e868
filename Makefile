# Two commands on a fresh machine do everything: `make report` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv does in seconds what pip does in minutes; both take the versions of requirements.lock
UV := $(shell command -v uv 2>/dev/null)
INSTALL := $(if $(UV),$(UV) pip install --python $(BIN)/python,$(BIN)/python -m pip install --disable-pip-version-check)
# for what a terminal finds that is opened below: kloof itself
HERE := PATH="$(CURDIR)/$(BIN):$$PATH"
# one thread per process: the notebooks of both languages already use both cores
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.PHONY: help setup setup-dev setup-docs docs report data calibration test lint lab shell check licences vulnerabilities bench example lock clean browser workshop workshop-lite

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(BIN)/.ready ## make .venv and install what a report needs

$(BIN)/.ready: requirements.txt requirements.lock pyproject.toml notebooks/jupyterlab.json
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "kloof needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try: make PYTHON=python3.12 report" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) with $(if $(UV),uv,pip): once, 1.2 GB$(if $(UV),, in some two minutes (with uv on this machine in seconds))."
	$(INSTALL) -r requirements.txt
	@$(BIN)/python -m ipykernel install --prefix $(VENV) --name kloof --display-name "kloof (Python)" > /dev/null
	@mkdir -p $(VENV)/etc/jupyter/labconfig # JupyterLab asks a newcomer nothing, and asks no other machine for news
	@cp notebooks/jupyterlab.json $(VENV)/etc/jupyter/labconfig/default_setting_overrides.json
	@touch $@

setup-dev: $(BIN)/.ready-dev

$(BIN)/.ready-dev: $(BIN)/.ready requirements-dev.txt requirements-docs.txt
	$(INSTALL) -r requirements-dev.txt
	@touch $@

report: setup ## make the Breda report in reports/breda (Dutch and English, HTML and PDF)
	$(BIN)/kloof run --preset breda

setup-docs: $(BIN)/.ready-docs

$(BIN)/.ready-docs: $(BIN)/.ready requirements-docs.txt
	$(INSTALL) -c requirements.lock -r requirements-docs.txt
	@touch $@

docs: setup-docs reports/breda/results.json reports/breda-only/en/notebooks/00_explore.ipynb ## make the tutorial and reference site in reports/docs
	$(BIN)/python -m sphinx -q -W --keep-going -E -d reports/.docs docs reports/docs
	@echo "Open reports/docs/index.html"

# the executed notebooks that it shows; run again when a notebook, the library or what they rest on changed
reports/breda/results.json: $(BIN)/.ready $(wildcard notebooks/*.ipynb notebooks/*.toml notebooks/presets/breda.toml data/*.toml data/*.csv data/breda/*) $(shell find lib -name '*.py' -o -name '*.toml')
	$(BIN)/kloof run --preset breda

# the tutorial records nothing for a report, so no run of ours executes it
reports/breda-only/en/notebooks/00_explore.ipynb: reports/breda/results.json notebooks/00_explore.ipynb
	@for language in nl en; do \
	  mkdir -p reports/breda-only/$$language/notebooks && $(BIN)/papermill --no-progress-bar --log-level ERROR \
	    -p language $$language notebooks/00_explore.ipynb reports/breda-only/$$language/notebooks/00_explore.ipynb || exit 1; \
	done

data: setup ## download open figures of the municipalities in the presets; ARGS="--municipality GM0344" for others
	$(BIN)/kloof data fetch $(ARGS)

calibration: setup-dev ## run the tests that `make test` leaves out, then measure how often every claim's test is wrong (data/calibration.csv; ARGS=--gaps for another)
	$(BIN)/python -m pytest -m calibration -n 2 --dist loadgroup --no-loadscope-reorder
	$(BIN)/kloof calibrate $(ARGS)

test: setup-dev browser lint ## run all tests, but those that `make calibration` runs
	@mkdir -p .bench && touch .bench/began
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder
	@echo $$(( ($$(date +%s) - $$(date -r .bench/began +%s) + 30) / 60 )) > .bench/minutes

lint: setup-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/kloof check --committed
	$(BIN)/kloof workshop build --check

# The browser tests want a Chromium. On a bare Debian or Ubuntu as root it is installed; elsewhere they are skipped and say so.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null 2>&1; } || \
	  echo "No Chromium found: the browser tests will be skipped."

lab: setup ## open JupyterLab on the notebooks; its terminals know kloof
	$(HERE) $(BIN)/jupyter lab --notebook-dir=notebooks --LabApp.default_url=/lab/tree/README.md

shell: setup ## open a shell in which kloof is found
	@$(HERE) $${SHELL:-sh}

workshop: setup ## open the folder of the workshop's participants in JupyterLab
	$(HERE) $(BIN)/jupyter lab --notebook-dir=notebooks/workshop --LabApp.default_url=/lab/tree/index.ipynb

workshop-lite: setup ## build the workshop's browser edition in reports/workshop/lite (needs npm)
	$(INSTALL) -r requirements-lite.txt
	$(BIN)/kloof workshop lite

check: setup ## check data, notebooks and texts, and say how large library and tests are
	$(BIN)/kloof check
	@$(BIN)/python benchmarks/size.py

licences: setup-dev ## list the licence of every package that is installed
	$(BIN)/pip-licenses --from=mixed --with-urls

vulnerabilities: setup-dev ## ask whether a package of the lock has a known fault (asks the network, each time)
	$(INSTALL) pip-audit
	$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip

bench: setup-dev ## measure speed against peers in the same run
	$(BIN)/python benchmarks/measure.py

example: report ## renew reports/example from a fresh run; say in CHANGELOG.md what moved
	rm -rf reports/example && cp -r reports/breda reports/example && rm -rf reports/example/nl/notebooks reports/example/en/notebooks reports/example/ro-crate-metadata.json

lock: setup-dev ## renew requirements.lock
	$(BIN)/python -m pip install --quiet uv
	{ echo "# Exact versions that were tested, for Python 3.11 to 3.13; used as constraints by requirements.txt."; \
	  echo "# Made anew with: make lock"; \
	  sed '/^-c/d' requirements.txt > .requirements.in && sed 's/requirements.txt/.requirements.in/' requirements-dev.txt > .requirements-dev.in && \
	  $(BIN)/uv pip compile --universal --python-version 3.11 --quiet --no-header --no-annotate .requirements-dev.in | grep -v '^-e '; } > .requirements.lock
	mv .requirements.lock requirements.lock && rm .requirements.in .requirements-dev.in
	{ sed '/^constraint-dependencies/,$$d' pyproject.toml; echo 'constraint-dependencies = [  # requirements.lock, for uv sync; made anew with: make lock'; \
	  sed -n '/^[a-z]/s/.*/  "&",/p' requirements.lock; echo ']'; } > .pyproject.toml && mv .pyproject.toml pyproject.toml

clean: ## remove everything that was made, but not what you downloaded
	rm -rf $(VENV) reports/breda reports/docs reports/.docs docs/gallery reports/heerlen reports/work reports/failed reports/.batch .pytest_cache .ruff_cache .mypy_cache .hypothesis
