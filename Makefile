# SPDX-License-Identifier: GPL-2.0-only
# For people. kbuild reads Kbuild.

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
DESTDIR ?=
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SRC := /usr/src/kmcl-$(VERSION)
TOOLS := $(wildcard kmcl/tools/kmcl*)

# make test TESTS="dynmem*" KERNELS="6.12"
TESTS ?=
KERNELS ?=
# make test TESTS='kmcl peer_*' COUNTS=full: as often as the project's claims say, which takes an hour; or parameters of
# peer_test.ko, as COUNTS="echoes=100000 chains=1000 rescinds=20"
COUNTS ?=
export COUNTS

.DEFAULT_GOAL := help

help:
	@echo 'Try it (on any machine; what is missing goes into $${KMCL_CACHE:-~/.cache/kmcl}):'
	@echo '  make demo          a driver written for Windows moves the memory of a VM, live'
	@echo '  make demo-local    the same idea with no VMBus: a disk whose server is saved and restored'
	@echo '  make test          all tests; TESTS="name or glob..." KERNELS="6.1 6.12 7.3" choose'
	@echo '  make shell         a console in a guest that has a VMBus; KERNELS=6.12'
	@echo
	@echo 'Use it on this kernel ($(KVER)):'
	@echo '  make modules       build kmcl.ko and kmcl_hyperv.ko; KVER or KDIR choose a kernel'
	@echo '  make install       into /lib/modules/$(KVER)/updates, tools into /usr/local/sbin; make uninstall'
	@echo '  make dkms-install  let DKMS build them for every kernel; make dkms-uninstall'
	@echo
	@echo 'Work on it:'
	@echo '  make test-nohyperv what needs no VMBus, on a kernel built without it, with lockdep'
	@echo '  make test-debug    all tests in guests, on a kernel with KASAN, UBSAN, lockdep, kmemleak'
	@echo '  make storms        offers, rescinds and reloads by the thousand'
	@echo '  make soak          10^8 packets through two local channels; PACKETS=1e6 or HOURS=2 for less'
	@echo '  make coverage      what the tests in user space reach of the machinery'
	@echo '  make fuzz          SECONDS=60: the fuzzers, so long in all'
	@echo '  make model         the ring and the life cycle as models, checked exhaustively'
	@echo '  make trust-report  cases, coverage, mutants, executions: as measured last'
	@echo '  make bench         KMCL beside the native calls: ratios, signals, instructions; build/bench/'
	@echo '  make bench-compare A=old.json B=new.json'
	@echo '  make lint          checkpatch, sparse, cppcheck, shellcheck, format'
	@echo '  make api-report    each function of the API: exported, by which bus, tested by what'
	@echo '  make clean         remove what was built (the cache stays: rm -r it yourself)'

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_DIR=updates modules_install
	install -D -t $(DESTDIR)/usr/local/sbin $(TOOLS)
	$(if $(DESTDIR),,depmod $(KVER))

uninstall:
	rm -f $(addprefix $(DESTDIR)/usr/local/sbin/,$(notdir $(TOOLS)))
	find $(DESTDIR)/lib/modules/$(KVER)/updates -name 'kmcl.ko*' -delete -o -name 'kmcl_hyperv.ko*' -delete
	$(if $(DESTDIR),,depmod $(KVER))

dkms-install:
	rm -rf $(DKMS_SRC)
	mkdir -p $(DKMS_SRC)
	cp -r dkms.conf Kbuild $(wildcard LICENSE) include kmcl $(DKMS_SRC)/
	find $(DKMS_SRC) \( -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' \) -delete
	dkms add kmcl/$(VERSION)
	dkms build kmcl/$(VERSION) -k $(KVER)
	dkms install kmcl/$(VERSION) -k $(KVER)

dkms-uninstall:
	dkms remove kmcl/$(VERSION) --all
	rm -rf $(DKMS_SRC)

demo:
	@selftests/demo/run

demo-local:
	@selftests/demo/run-local

test:
	@selftests/suite $(if $(KERNELS),--kernels '$(KERNELS)') $(if $(TESTS),--tests '$(TESTS)')

# A kernel with no CONFIG_HYPERV. Making it takes 7 minutes of one processor, the first time.
test-nohyperv:
	@selftests/suite --kernels 6.1-nohyperv \
		--tests '$(or $(TESTS),build-6.1-nohyperv kmcl local_peer pipe_user nt nt_misuse)'

# A kernel that watches what the modules do; KERNELS=6.1-kcsan another. Making it takes a quarter of an hour, the first
# time, and its guests are slow: TESTS chooses.
test-debug:
	@selftests/suite --kernels '$(or $(KERNELS),6.1-debug)' --tests '$(or $(TESTS),build-6.1-* faults race kmcl \
		local_peer nt nt_misuse pipe_user keyboard observe vdisk_* hyperv dynmem_* peer_*)'

# More than anybody has the time for every day: rescinds, offers and reloads by the thousand, a processor that goes.
storms:
	@selftests/suite --kernels '$(or $(KERNELS),6.1)' --tests '$(or $(TESTS),storms_full reloads)'

soak:
	@selftests/soak/run $(if $(PACKETS),--packets $(PACKETS)) $(if $(HOURS),--hours $(HOURS)) \
		$(if $(KERNELS),--kernel $(firstword $(KERNELS)))

bench:
	@selftests/bench/run $(if $(KERNELS),--kernel $(firstword $(KERNELS)))

bench-compare:
	@selftests/bench/compare $(A) $(B)

shell:
	@selftests/vm/shell $(if $(KERNELS),--kernel $(firstword $(KERNELS)))

lint:
	@selftests/lint/run

api-report:
	@selftests/api-report

coverage:
	@$(MAKE) -s -C selftests/unit coverage

# The tools of these come into a root of their own.
SECONDS ?= 60
fuzz:
	@selftests/trust/in-tools make -s -C selftests/fuzz fuzz SECONDS=$(SECONDS)

model:
	@selftests/trust/in-tools make -s -C selftests/model run

trust-report:
	@selftests/trust/report

# kbuild's own clean wants headers; this does not, and leaves no file of any kernel version behind.
clean:
	find . -path ./.git -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' \
		-o -name '.*.cmd' -o -name 'modules.order' -o -name Module.symvers -o -name '.module-common.*' \) \
		-exec rm -f {} +
	rm -rf build
	$(if $(wildcard selftests/unit/Makefile),$(MAKE) -C selftests/unit clean)
	$(if $(wildcard selftests/api/Makefile),$(MAKE) -C selftests/api clean)

.PHONY: help modules install uninstall dkms-install dkms-uninstall demo demo-local test test-nohyperv test-debug \
	storms soak shell lint api-report coverage fuzz model trust-report clean
