## make lab     set up .venv and open JupyterLab on the first lesson; LAB_ARGS="…" is passed on
## make test    set up .venv with the test tools and run every test; TEST_ARGS="…" is passed on
## make soak    the long forms of the tests that repeat: faults, endurance, any order,
##              hostile input, front ends, accessibility of the outputs
## make bench   measure beside the peers and write benchmarks/results.md; BENCH_ARGS="ROW …" chooses
## make lint    check style, types, spelling and links, of modules, notebooks and pages alike
## make book    run the lessons and build the reading edition, a web site, in build/book
## make stills  take the book's pictures of widgets and diagrams anew, in a Chromium
## make lock    resolve pyproject.toml into requirements.lock; LOCK_ARGS=--upgrade takes the newest
## make links   print this repository's Binder and nbgitpuller links; HUB=https://… is your JupyterHub
## make clean   remove .venv and what was built, to start afresh
##
## For teachers, with nbgrader:
## make exercises   make notebooks/exercises/ anew from notebooks/solutions/
## make class-demo  grade a simulated class of 30; DEMO_ARGS="--students 5 NAME …" chooses
##
## PYTHON=/path/to/python chooses the Python (3.11 or newer) that .venv is made from,
## VENV=NAME another folder than .venv: so one checkout can have environments of several Pythons.

PYTHON ?= python3.13 python3.14 python3.12 python3.11 python3
HUB ?= https://YOUR-JUPYTERHUB
START = notebooks/00_start_here.ipynb
VENV = .venv
BIN = $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --constraint requirements.lock

.PHONY: help lab test soak bench lint book stills lock links clean exercises class-demo
.DELETE_ON_ERROR:

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

# The layout of the learner's own JupyterLab stays theirs: this one keeps its workspace in VENV,
# and looks the same whether nbgrader is installed or not.
lab: $(VENV)/.lab
	@root=; if [ "$$(id -u)" = 0 ]; then root=--allow-root; \
		echo 'Running as root, as containers do. To reach JupyterLab from outside one, publish port 8888'; \
		echo 'and run: make lab LAB_ARGS="--ip=0.0.0.0 --no-browser"'; \
	fi; \
	exec env PATH="$(CURDIR)/$(BIN):$$PATH" \
		JUPYTER_CONFIG_PATH="$(CURDIR)/classroom/without_nbgrader$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
		$(BIN)/python -m jupyterlab $$root \
		--ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/$(START) \
		--LabApp.workspaces_dir="$(CURDIR)/$(VENV)/.workspaces" $(LAB_ARGS)

test: $(VENV)/.test
	$(BIN)/python -m pytest $(TEST_ARGS)

SOAK = SOAK=1 $(BIN)/python -m pytest --timeout=3600 $(TEST_ARGS)
SOAK_TESTS = tests/test_hostile_input.py tests/test_faults.py tests/test_endurance.py \
	tests/test_front_ends.py tests/test_notebook_accessibility_in_a_browser.py
# The lessons in any order take as long as all the rest, and run beside it.
soak: $(VENV)/.test
	@mkdir -p build
	@echo 'tests/test_any_order.py writes into build/any_order.txt, which is printed at the end.'
	@$(SOAK) tests/test_any_order.py > build/any_order.txt 2>&1 & orders=$$!; \
	$(SOAK) $(SOAK_TESTS); rest=$$?; \
	wait $$orders; orders=$$?; cat build/any_order.txt; [ "$$rest $$orders" = '0 0' ]

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest --quiet tests/test_prose.py

# BOOK_EXECUTE=off builds without outputs, BOOK_EXECUTE=05 with those of lesson 05 alone.
book: $(VENV)/.book
	$(BIN)/sphinx-build --conf-dir book --doctree-dir build/doctrees --fresh-env \
		--fail-on-warning --keep-going --jobs auto --quiet $(BOOK_ARGS) . build/book
	@echo 'The book is in build/book: open build/book/index.html.'

stills: $(VENV)/.test
	$(BIN)/python -m book.stills

lock: $(BIN)/uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras \
		--no-header --no-annotate $(LOCK_ARGS) --output-file requirements.lock pyproject.toml

links:
	@origin=$$(git remote get-url origin 2>/dev/null | sed -E \
		's,/*$$,,; s,\.git$$,,; s,^(https?://|ssh://)?([^/@]*@)?([^/:]+)[:/],\3/,'); \
	case "$$origin" in \
		github.com/*/*) binder="gh/$${origin#*/}" ;; \
		gitlab.com/*/*) binder="gl/$$(echo "$${origin#*/}" | sed 's,/,%2F,g')" ;; \
		*) echo 'make links needs a git remote named origin on github.com or gitlab.com.' >&2; exit 1 ;; \
	esac; \
	echo "Binder       https://mybinder.org/v2/$$binder/HEAD?urlpath=lab/tree/$(START)"; \
	echo "nbgitpuller  $(HUB)/hub/user-redirect/git-pull?repo=https://$$origin&urlpath=lab/tree/$${origin##*/}/$(START)"

clean:
	rm -rf $(VENV) build

# To nbgrader the two folders are two steps of one assignment, "." because nothing lies between.
exercises: $(VENV)/.teacher
	cd classroom && ../$(BIN)/python -m nbgrader generate_assignment . --no-db --force \
		--log-level=ERROR --course-dir="$(CURDIR)/notebooks" \
		--CourseDirectory.source_directory=solutions --CourseDirectory.release_directory=exercises

class-demo: $(VENV)/.teacher
	@$(BIN)/python classroom/demo.py $(DEMO_ARGS)

# A stamp is older than what it was made from, or pip has nothing to do and is not called.
$(VENV)/.test: EXTRA = [test]
$(VENV)/.test: ALSO = $(VENV)/.teacher $(VENV)/.book
$(VENV)/.teacher: EXTRA = [teacher]
$(VENV)/.book: EXTRA = [book]
$(VENV)/.lab $(VENV)/.test $(VENV)/.teacher $(VENV)/.book: pyproject.toml requirements.lock jupyterlab.json $(BIN)/python
	$(PIP_INSTALL) --editable '.$(EXTRA)'
	@touch $(VENV)/.lab $(ALSO) $@

# Without the stamps: `make lock` must work when the old lock no longer fits pyproject.toml.
$(BIN)/uv: | $(BIN)/python
	$(PIP_INSTALL) uv

# Run each candidate: a pyenv shim may stand for nothing, and Debian ships venv separately.
$(BIN)/python:
	@for python in $(PYTHON); do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$("$$python" --version). The first time takes a minute or two."; \
			exec "$$python" -m venv --clear $(VENV); \
		fi; \
	done; \
	echo 'Found no Python 3.11 or newer that has venv. Tried: $(PYTHON).' >&2; \
	echo 'Install one (Debian and Ubuntu: python3-venv too), or name yours: make lab PYTHON=/path/to/python' >&2; \
	exit 1
