# Every verb of the project; the pipeline calls the same ones. `make help` lists them.

VENV := .venv
PY := $(VENV)/bin/python
CARGO_KERNEL := --manifest-path rust/Cargo.toml --locked

# The first interpreter of 3.11 or newer that can make virtual environments. Override: make PYTHON=python3.13 test
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)

# What the extension and the metadata of the installation depend on. Python files need no installing again.
BUILD_INPUTS := pyproject.toml setup.py \
	$(shell find rust \( -name target -o -name fuzz \) -prune -o \( -name '*.rs' -o -name 'Cargo.*' \) -print)

# Extra arguments: make test PYTEST_ARGS='-k shard', make demo DEMO_ARGS=--help
PYTEST_ARGS ?= -n auto --dist worksteal
DEMO_ARGS ?=
GATEWAY_ARGS ?=

# Interpreters on which make dist tries the wheel of the stable ABI as well, which it builds with PYTHON.
NEWER_PYTHONS ?= $(shell for name in python3.12 python3.13 python3.14 $$HOME/.pyenv/versions/3.1[2-9]*/bin/python; do \
	$$name -c 'import ensurepip, sys, sysconfig, venv; sys.exit(bool(sysconfig.get_config_var("Py_GIL_DISABLED")))' \
	2>/dev/null && echo $$name; done)

# Interpreters on which make versions runs the suite, one of each version.
SUITE_PYTHONS ?= $(shell for version in 3.11 3.12 3.13; do \
	for name in python$$version $$(ls -d $$HOME/.pyenv/versions/$$version*/bin/python 2>/dev/null | sort -rV); do \
	$$name -c 'import ensurepip, venv' 2>/dev/null && { echo $$name; break; }; done; done)

TRY := tests/installed/in_clean_environment

# How long make fuzz spends on each target.
FUZZ_SECONDS ?= 60

# Random cases of each property test that make sanitize runs, a thousand times slower than make test.
MIRI_CASES ?= 16

, := ,

.DEFAULT_GOAL := help
.PHONY: help demo test versions long model mounts ceph witness ray peers ecosystem corpus readers bench check lint format docs dist fuzz bombs sanitize clean native

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## install into .venv and run the example on real data
	$(PY) examples/land_mask.py $(DEMO_ARGS)

test: $(VENV)/.dev native  ## run the whole test-suite, Rust and Python; fifteen minutes on two cores
	@echo "The Rust tests, a minute or two, and then those in Python: on two cores fifteen minutes together, with more less."
	cargo test --quiet $(CARGO_KERNEL) --package zarr-kernel
	$(PY) -m pytest $(PYTEST_ARGS)

versions: $(VENV)/.dev native  ## run the suite on Python 3.11 to 3.13, each with its oldest NumPy and the newest; takes an hour
	rm -rf .versions/wheel
	BUILD_ZARR_NATIVE=always $(PY) -m pip wheel --quiet --no-deps --wheel-dir .versions/wheel .
	for python in $(SUITE_PYTHONS); do for numpy in oldest newest; do \
		tests/installed/on_version $$python $$numpy .versions/wheel/zarr-*.whl $(PYTEST_ARGS) || exit 1; done; done

long: $(VENV)/.dev native  ## 10,000 cases for each property instead of 150, 500 repetitions instead of 12, a minute for each fuzz target; takes hours
	ZARR_TEST_PROFILE=long $(PY) -m pytest tests/properties tests/safety/test_endurance.py tests/safety/test_forks.py tests/safety/test_gathered_writes.py tests/remote/test_races.py tests/remote/test_faults.py tests/remote/test_orders.py \
		tests/remote/test_remote_processes.py tests/unit/test_verify.py tests/unit/test_repair.py $(PYTEST_ARGS)
	$(MAKE) fuzz FUZZ_SECONDS=60

# How long make model explores each scenario, random ones four times as long.
MODEL_SECONDS ?= 60

model: $(VENV)/.dev native  ## explore leases of shared file systems call by call, MODEL_SECONDS for each of 200 scenarios; three hours on two cores
	$(PY) -m tests.safety.explore_leases $(MODEL_SECONDS)

# Writers that are stopped use one mount, and who takes over uses the other.
mounts: $(VENV)/.dev native  ## leases on two mounts by bindfs, which root installs from Debian, and where flock fails; an hour
	@command -v bindfs > /dev/null || { echo "bindfs is installed from Debian: 1 MB"; \
		apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends bindfs; } \
		|| { echo "make mounts has to be run by root on Debian, or where bindfs is installed, and /dev/fuse is there"; exit 1; }
	ZARR_TEST_SERVER=mounts $(PY) -m pytest tests/mounts
	top=$$(mktemp -d) && mkdir $$top/disk $$top/a $$top/b && trap 'fusermount -u $$top/a; fusermount -u $$top/b; rm -r $$top' EXIT && \
		for each in a b; do bindfs --multithreaded -o attr_timeout=0,entry_timeout=0,negative_timeout=0 $$top/disk $$top/$$each || exit 1; done && \
		ZARR_TEST_EVERY_CALL=1 ZARR_TEST_LEASE_SECONDS=1 ZARR_TEST_MOUNTS=$$top/a:$$top/b $(PY) -m pytest --timeout 1800 tests/safety/test_lease_steps.py

# Without -n: the tests are for each server in turn, and most of them are several processes.
ceph: $(VENV)/.dev native  ## tests of object stores on Ceph's gateway, which root installs from Debian; two minutes
	@for program in ceph ceph-mon ceph-osd radosgw; do command -v $$program > /dev/null && continue; \
		echo "Ceph is installed from Debian: 70 MB, half a minute"; \
		apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes \
			--no-install-recommends ceph-mon ceph-osd radosgw ceph-common && break; \
		echo "make ceph has to be run by root on Debian, or where Ceph is installed already"; exit 1; done
	ZARR_TEST_SERVER=ceph $(PY) -m pytest tests/remote/ceph $(GATEWAY_ARGS)

witness: $(VENV)/.witness native  ## tests of object stores on moto, a server for S3 that others wrote, and with s3fs; half a minute
	ZARR_TEST_SERVER=moto $(PY) -m pytest tests/remote/moto $(PYTEST_ARGS)

ray: $(VENV)/.ray native  ## plans of writers on Ray; half a minute, and 80 MB to install
	ZARR_TEST_SERVER=ray $(PY) -m pytest tests/clusters/test_ray.py

check: lint test  ## lint and test: what a change has to pass

lint: $(VENV)/.dev native  ## style, types, import layers, Rust lints
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m mypy.stubtest zarr._native
	$(VENV)/bin/lint-imports
	cargo fmt --manifest-path rust/Cargo.toml --all --check
	cargo clippy --quiet $(CARGO_KERNEL) --workspace --all-targets -- --deny warnings

format: $(VENV)/.dev  ## rewrite sources in the project's style
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .
	cargo fmt --manifest-path rust/Cargo.toml --all

docs: $(VENV)/.docs  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict
	@echo "open site/index.html; its search needs a server: $(PY) -m http.server --bind 127.0.0.1 -d site"

dist: $(VENV)/.made  ## sdist, wheel with the extension and pure-Python wheel in dist/, each tried in a clean environment
	rm -rf dist
	$(PY) -m pip install --quiet build twine abi3audit
	BUILD_ZARR_NATIVE=always $(PY) -m build
	BUILD_ZARR_NATIVE=never $(PY) -m pip wheel --quiet --no-cache-dir --no-deps --wheel-dir dist dist/zarr-*.tar.gz
	$(PY) -m twine check --strict dist/*
	$(PY) -m abi3audit --strict dist/zarr-*-cp311-abi3-*.whl
	$(TRY) $(PYTHON) dist/zarr-*-py3-none-any.whl reference
	BUILD_ZARR_NATIVE=always $(TRY) $(PYTHON) dist/zarr-*.tar.gz native
	for python in $(PYTHON) $(NEWER_PYTHONS); do $(TRY) $$python dist/zarr-*-cp311-abi3-*.whl native || exit 1; done

# The native engine is fuzzed as part of the targets in Python too, there without a sanitizer.
FUZZ := .fuzz
FUZZ_PYTHON ?= $(PYTHON)
RUST_TARGETS ?= $(basename $(notdir $(wildcard rust/fuzz/fuzz_targets/*.rs)))
PYTHON_TARGETS ?= $$(PYTHONPATH=src $(FUZZ)/bin/python -m tests.fuzz.run)
FUZZ_LIMITS := -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024

$(FUZZ)/.ready: tests/fuzz/requirements.txt
	[ -x $(FUZZ)/bin/python ] || $(FUZZ_PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --requirement tests/fuzz/requirements.txt
	@touch $@

fuzz: $(VENV)/.dev native $(FUZZ)/.ready  ## feed hostile data to every parser, FUZZ_SECONDS each; needs cargo-fuzz and a nightly compiler
	for target in $(RUST_TARGETS); do \
		mkdir -p rust/fuzz/corpus/$$target rust/fuzz/seeds/$$target; \
		cargo +nightly fuzz run --fuzz-dir rust/fuzz $$target rust/fuzz/corpus/$$target rust/fuzz/seeds/$$target \
			-- $(FUZZ_LIMITS) -malloc_limit_mb=512 || exit 1; done
	for target in $(PYTHON_TARGETS); do \
		PYTHONPATH=src $(FUZZ)/bin/python -m tests.fuzz.run $$target $(FUZZ)/corpus/$$target $(FUZZ_LIMITS) || exit 1; done

bombs: $(VENV)/.dev native  ## how long each of the hostile inputs takes until it is refused, and how much memory; two minutes
	$(PY) -m tests.safety.measure_bombs

sanitize:  ## the kernel's use of memory and threads, under Miri; needs a nightly compiler with miri and rust-src
	MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-strict-provenance -Zmiri-symbolic-alignment-check' \
		PROPTEST_CASES=$(MIRI_CASES) cargo +nightly miri test $(CARGO_KERNEL) --package zarr-kernel --lib \
		-- memory:: plan:: reading:: scratch:: workers::

clean:  ## remove everything that was built, but not .venv
	rm -rf build dist site demo-output .versions rust/target rust/fuzz/target src/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f src/zarr/_native.*.so src/zarr/_native.*.pyd $(VENV)/.demo $(VENV)/.dev $(VENV)/.docs
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The extension is optional for users and mandatory here. On failure, show what the build would not.
native: $(VENV)/.dev
	@$(PY) -c 'import zarr._native as n; assert n.build_info()["profile"] == "release", n.build_info()' \
		|| { echo "zarr._native is missing: tests need a Rust toolchain. Building it says:"; \
		cargo build --release $(CARGO_KERNEL); rm -f $(VENV)/.dev; exit 1; }

# -- benchmarks: the peers' environment, and this library beside it ------------------------------------------------------

BENCH := .bench
PEERS := $(CURDIR)/$(BENCH)/peers
BENCH_ROUNDS ?= 3
BENCH_RUN = OURS_PATH=$(CURDIR)/$(BENCH)/ours $(PEERS)/bin/python bench/arraybench.py --rounds $(BENCH_ROUNDS) --reuse $(BENCH)/data

# The newest zarr-python needs Python 3.12; with an older one the peers are as new as it allows. Override: PEER_PYTHON=...
PEER_PYTHON ?= $(shell for name in python3.14 python3.13 python3.12 \
	$$(ls -d $$HOME/.pyenv/versions/3.1[2-9]*/bin/python 2>/dev/null | sort -rV) $(PYTHON); do \
	$$name -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)

$(BENCH)/.ready: $(BUILD_INPUTS) bench/requirements.txt $(shell find src -name '*.py')
	mkdir -p $(BENCH)/results
	[ -x $(PEERS)/bin/python ] || $(PEER_PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --requirement bench/requirements.txt
	rm -rf $(BENCH)/ours && $(PEERS)/bin/python -m pip install --quiet --no-deps --target $(BENCH)/ours .
	$(PEERS)/bin/python -m pip list --format freeze | grep -i -E 'zarr|tensorstore|obstore|blosc2|h5py|numpy|numcodecs'
	@touch $@

bench: $(BENCH)/.ready  ## run the benchmarks against the peers, write docs/benchmarks.md; takes an hour or two
	$(BENCH_RUN) --peers $(PEERS)/bin/python --contender ours=$(PEERS)/bin/python --baseline zarr --out $(BENCH)/results/headline \
		$(BENCH_ARGS)
	$(BENCH_RUN) --contender zarr=$(PEERS)/bin/python --contender tensorstore-cache=$(PEERS)/bin/python \
		--contender ours-cache=$(PEERS)/bin/python --out $(BENCH)/results/cache \
		--only 'scalar,slices,shard_random*,volume,vindex,oindex,concurrent' $(BENCH_ARGS)
	$(BENCH_RUN) --peers $(PEERS)/bin/python --contender ours=$(PEERS)/bin/python --skip tensorstore-fsync,blosc2,h5py \
		--scratch /dev/shm --out $(BENCH)/results/memory --only 'small_write,partial_write_*,append,group' $(BENCH_ARGS)
	OURS_PATH=$(CURDIR)/$(BENCH)/ours $(PEERS)/bin/python bench/cloud.py --out $(BENCH)/results/cloud
	$(PEERS)/bin/python bench/report.py $(BENCH)/results docs

# -- the peers as readers: zarr-python and those that read with it, and libraries over this one --------------------------

THEIRS := .peers

$(THEIRS)/.ready: tests/peers/requirements.txt
	[ -x $(THEIRS)/bin/python ] || $(PEER_PYTHON) -m venv $(THEIRS)
	@echo "pip install zarr-python, TensorStore, zarrs, Dask and xarray into $(THEIRS): a minute or two the first time"
	$(THEIRS)/bin/python -m pip install --quiet --requirement tests/peers/requirements.txt
	@touch $@

peers: $(VENV)/.dev native $(THEIRS)/.ready  ## what is written here is read by zarr-python, TensorStore and zarrs; Dask and xarray on it; two minutes
	ZARR_TEST_SERVER=peers PYTHONPATH=src $(THEIRS)/bin/python -m pytest tests/peers $(PYTEST_ARGS)

# -- the ecosystem: the tests that other libraries ship, with this library as their zarr --------------------------------

# make ecosystem ONLY='xarray dask' runs those; with CONTROL=1 zarr-python is their zarr, which shows what is their own.
ONLY ?=
CONTROL ?=

ecosystem:  ## the tests of xarray, Dask and others, as they ship them, on this library; writes docs/ecosystem.md; an hour
	$(PEER_PYTHON) -m tests.ecosystem.run_suites $(if $(CONTROL),--control) $(ONLY) -- $(PYTEST_ARGS)

# -- the corpus: what other libraries store, and what they read of what is stored here -----------------------------------

OTHERS := .corpus
WRITERS := zarr-python-2.18 zarr-python-3.1 zarr-python-3.4 tensorstore zarrs
CONFORMANCE := tests/conformance

$(OTHERS)/%/.ready: $(CONFORMANCE)/requirements/%.txt
	[ -x $(OTHERS)/$*/bin/python ] || $(PEER_PYTHON) -m venv $(OTHERS)/$*
	@echo "pip install $* into $(OTHERS)/$*: half a minute the first time"
	$(OTHERS)/$*/bin/python -m pip install --quiet --requirement $<
	@touch $@

corpus: $(WRITERS:%=$(OTHERS)/%/.ready)  ## zarr-python 2.18, 3.1 and 3.4, TensorStore and zarrs store anew what the tests read; a minute
	for writer in $(WRITERS); do rm -rf $(OTHERS)/stored && mkdir $(OTHERS)/stored && \
		$(OTHERS)/$$writer/bin/python $(CONFORMANCE)/peers_at_work.py write $$writer $(OTHERS)/stored \
			$(CONFORMANCE)/corpus/$$writer.tar.xz || exit 1; done

readers: $(VENV)/.dev native $(WRITERS:%=$(OTHERS)/%/.ready)  ## those five read the same arrays as they are written here; a minute
	ZARR_TEST_SERVER=readers $(PY) -m pytest tests/conformance/test_readers.py $(PYTEST_ARGS)

# -- the environment: stamps say what it has been given ---------------------------------------------------------------

# An old extension must not stand in for one that no longer compiles.
define install
	rm -f src/zarr/_native.*.so src/zarr/_native.*.pyd
	@echo "pip install --editable '.[$(1)]' into $(VENV): a minute or two the first time"
	@$(PY) -m pip install --quiet --editable '.[$(1)]' \
		|| { echo "pip failed: it needs a package index that it can reach; see its message above"; exit 1; }
endef

$(VENV)/.made:
	@[ -n '$(PYTHON)' ] || { echo "no Python 3.11 or newer with venv found; set PYTHON=..."; exit 1; }
	[ -x $(PY) ] || $(PYTHON) -m venv $(VENV)
	@$(PY) --version
	@touch $@

$(VENV)/.demo: $(VENV)/.made $(BUILD_INPUTS)
	$(call install,demo)
	@touch $@

$(VENV)/.dev: $(VENV)/.made $(BUILD_INPUTS)
	$(call install,demo$(,)test$(,)lint)
	@touch $@ $(VENV)/.demo

$(VENV)/.witness: $(VENV)/.made $(BUILD_INPUTS)
	$(call install,demo$(,)test$(,)lint$(,)witness)
	@touch $@ $(VENV)/.dev $(VENV)/.demo

$(VENV)/.ray: $(VENV)/.made $(BUILD_INPUTS)
	$(call install,demo$(,)test$(,)lint$(,)ray)
	@touch $@ $(VENV)/.dev $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.made $(BUILD_INPUTS)
	$(call install,demo$(,)docs)
	@touch $@ $(VENV)/.demo
