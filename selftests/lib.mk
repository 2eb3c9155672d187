# SPDX-License-Identifier: GPL-2.0-only
# The targets of the kernel's tools/testing/selftests/lib.mk that these tests use, for machines that have kernel
# headers but no kernel source.

TEST_NAME ?= kmcl

run_tests: all
	@./runner.bash $(TEST_NAME) $(TEST_PROGS)

install:
	@[ -n "$(INSTALL_PATH)" ] || { echo "Error: set INSTALL_PATH to use install" >&2; exit 1; }
	mkdir -p $(INSTALL_PATH)
	cp -p $(TEST_PROGS) $(TEST_FILES) runner.bash $(INSTALL_PATH)/

# What a list of tests to run is made of.
emit_tests:
	@for test in $(notdir $(TEST_PROGS)); do echo "$(TEST_NAME):$$test"; done

clean:
	@:

.PHONY: run_tests install emit_tests clean
