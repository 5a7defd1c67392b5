# make app    install into .venv and open the app     (PORT=8501)
# make class  serve a class to the room's network, with a QR code  (PORT=8501)
# make test   install into .venv and run every test
# make lint   the style checks alone
# make clean  remove .venv and what tests leave behind

PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: app class test lint clean

app: $(INSTALLED)
	@$(BIN)/python -c "import socket; socket.create_server(('127.0.0.1', $(PORT))).close()" 2>/dev/null \
	|| { echo "Port $(PORT) cannot be used: close the program that has it, or choose another with 'make app PORT=8600'." >&2; exit 1; }
	@$(BIN)/streamlit run app.py --server.port $(PORT)

class: $(INSTALLED)
	@$(BIN)/python -m explorer class --port $(PORT)

test: $(INSTALLED) lint
	@OMP_NUM_THREADS=1 FAST=1 $(BIN)/pytest -n 2 --dist worksteal --nbmake tests explorer notebooks

lint: $(INSTALLED)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

clean:
	rm -rf .venv .pytest_cache .ruff_cache test-results *.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo "Python 3.11 or newer is needed and '$(PYTHON)' is not ($$($(PYTHON) --version 2>&1 | tail -n 1)): install one, or name it with 'make app PYTHON=/path/to/python3.12'." >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
	|| { echo "Python could not make a virtual environment: install its venv module (on Debian and Ubuntu 'apt-get install python3-venv') and run make again." >&2; exit 1; }
	@echo "Installing into .venv: a few minutes and about 2 GB, this once."
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[test]' \
	|| { echo "The installation did not finish, for the reason pip gives above: check the network connection (or the proxy) and run make again." >&2; exit 1; }
	@touch $@
