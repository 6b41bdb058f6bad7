# Two commands are enough to begin: `make demo` and `make test`. Everything made lies under build/ and dist/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON := build/venv/bin/python
READY := build/setup.stamp

# Nothing here may need a display; Qt wants a private runtime folder and warns on every start without one.
export QT_QPA_PLATFORM := offscreen
export XDG_RUNTIME_DIR := $(CURDIR)/build/runtime
# Another project's modules must not get in front of QGIS's or of the venv's.
unexport PYTHONPATH PYTHONHOME

.PHONY: help setup demo demo-tahoe test quick fuzz lint package bench gallery models pictures translations clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install QGIS and the development tools (the other targets do it when needed)

# tools/setup.sh touches the stamp, so it runs once, and again only when one of these files changes.
$(READY): tools/setup.sh requirements-dev.txt requirements-stac.txt requirements-zarr.txt
	tools/setup.sh

demo: $(READY)  ## run patchwise:slidingwindow on a generated scene; picture in build/demo/demo.png
	$(PYTHON) tools/demo.py

demo-tahoe: $(READY)  ## the same with a real Sentinel-2 picture from a STAC API, where there is a network
	$(PYTHON) tools/demo_tahoe.py $(ARGS)

test: $(READY)  ## run all tests on all cores; ARGS="-k name -x" goes to pytest, on one
	$(PYTHON) -m pytest $(or $(ARGS),-n auto --dist worksteal)

quick: $(READY)  ## the laws of the core and of the layout in under a minute: fewer examples, nothing slow
	$(PYTHON) -m pytest tests/core tests/test_layout.py -p no:pytest_qgis -p no:qt -m "not slow" --hypothesis-profile=quick \
		-n auto --dist worksteal $(ARGS)

fuzz: $(READY)  ## inputs that are damaged or hostile, of all kinds; ARGS="--cases 10000 --seed 7 --only geotiff"
	PYTHONPATH=build/plugins nice $(PYTHON) -m patchwise.tests.fuzz $(ARGS)

lint: $(READY)  ## ruff, mypy on core/, flake8-qgis
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	MYPYPATH=build/plugins $(PYTHON) -m mypy -p patchwise.core
	$(PYTHON) -m flake8 --select QGS1,QGS4 --exclude build,dist .

package: $(READY)  ## make dist/patchwise-<version>.zip from the last commit, after security scans
	$(PYTHON) tools/package.py

bench: $(READY)  ## measure speed and memory; ARGS goes to the benchmark
	PYTHONPATH=build/plugins $(PYTHON) -m patchwise.bench $(ARGS)
	$(if $(ARGS),,PYTHONPATH=build/plugins $(PYTHON) -m patchwise.bench.more)

gallery: $(READY)  ## draw the pictures of docs/gallery.md again
	$(PYTHON) tools/gallery.py

models: $(READY)  ## make the graphical models of models/ again
	$(PYTHON) tools/make_models.py

pictures: $(READY)  ## run the dock in a QGIS desktop on a virtual display; build/pictures and docs/images
	$(PYTHON) tools/architecture_pictures.py
	$(PYTHON) tools/dock_pictures.py

translations: $(READY)  ## bring the German texts up to date with the code (needs pyqt5-dev-tools, qttools5-dev-tools)
	$(PYTHON) tools/translations.py

clean:  ## remove build/, dist/ and caches (distribution packages stay)
	rm -rf build dist .hypothesis .qgis-settings
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
