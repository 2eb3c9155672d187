# SPDX-License-Identifier: GPL-2.0-only
# Programs with the whole channel machinery on the machine of machine.h: test_channel*.c.

CHANNELS = $(patsubst test_%.c,%,$(wildcard test_channel*.c))

# All of kmcl.ko but its buses, its NT subset and what is about devices.
MACHINERY = bus channel config external gpadl ids incoming lifecycle packet parse property \
	    received report restore ring routine rx save saved send server state sync tx
MACHINE = machine kernel rings host driver scene

# Every kernel header that these sources name is machine/kernel.h.
LINUX = $(OUT)/linux
MACHINE_HEADERS = $(wildcard machine/*.h $(KMCL)/*.h $(KMCL)/nt/nt.h ../../include/*.h)
MACHINE_FLAGS = -std=gnu11 -O1 -g $(WARN) -Wno-unused-parameter -fshort-wchar -fms-extensions \
		-Imachine -I$(LINUX) -I. -I$(KMCL) -I../../include
# Nothing may be copied from and to NULL in the kernel.
MACHINE_SANITIZE = $(ASAN) -fno-sanitize=nonnull-attribute
OBJECTS = $(MACHINERY:%=$(OUT)/objects/%.o) $(MACHINE:%=$(OUT)/objects/%.o)

$(LINUX)/made: $(wildcard $(KMCL)/*.[ch] $(KMCL)/nt/nt.h $(KMCL)/probe/compat.h) machine/machine.mk
	@mkdir -p $(@D)/linux $(@D)/asm $(@D)/trace
	@sed -n 's/^#include <\(\(linux\|asm\|trace\)\/.*\)>.*/\1/p' $(filter %.c %.h,$^) | sort -u | \
		while read -r header; do echo '#include "kernel.h"' >$(@D)/$$header; done
	@touch $@

$(OUT)/objects/%.o: $(KMCL)/%.c $(LINUX)/made $(MACHINE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(MACHINE_SANITIZE) -c -o $@ $<

$(OUT)/objects/%.o: machine/%.c $(LINUX)/made $(MACHINE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(MACHINE_SANITIZE) -c -o $@ $<

$(CHANNELS:%=$(OUT)/%): $(OUT)/%: test_%.c ktap.c $(OBJECTS)
	$(CC) $(MACHINE_FLAGS) $(MACHINE_SANITIZE) -o $@ $(filter %.c %.o,$^)
