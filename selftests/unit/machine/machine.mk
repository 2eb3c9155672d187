# SPDX-License-Identifier: GPL-2.0-only
# Programs with the whole channel machinery on the machine of machine.h: test_channel*.c.

CHANNELS = $(patsubst $(UNIT)/test_%.c,%,$(wildcard $(UNIT)/test_channel*.c))

# All of kmcl.ko but its buses, its NT subset and what is about devices.
MACHINERY = bus channel config external gpadl ids incoming lifecycle packet parse property \
	    received report restore ring routine rx save saved send server state sync traced tx
# And what it uses of the NT subset that needs no kernel.
NT = nt/utf
MACHINE = $(addprefix machine/, machine kernel rings host driver scene)

# Every kernel header that these sources name is machine/kernel.h. What the stubs say does not change, so objects only
# need them to be there.
LINUX = $(OUT)/linux
MACHINE_HEADERS = $(wildcard $(UNIT)/machine/*.h $(KMCL)/*.h $(KMCL)/nt/*.h ../../include/*.h) ../kmod/host_ring.h
MACHINE_FLAGS = -std=gnu11 -O1 -g $(WARN) -Wno-unused-parameter -fshort-wchar -fms-extensions \
		-I$(UNIT)/machine -I$(LINUX) -I$(UNIT) -I$(KMCL) -I../../include
OBJECTS = $(patsubst %,$(OUT)/objects/%.o,$(MACHINERY) $(NT) $(MACHINE))

$(LINUX)/made: $(wildcard $(KMCL)/*.[ch] $(KMCL)/nt/*.h ../../include/kmcl/*.h $(NT:%=$(KMCL)/%.c)) \
		$(KMCL)/probe/compat.h $(UNIT)/machine/machine.mk
	@mkdir -p $(@D)/linux $(@D)/asm $(@D)/trace
	@sed -n 's/^#include <\(\(linux\|asm\|trace\)\/.*\)>.*/\1/p' $(filter %.c %.h,$^) | sort -u | \
		while read -r header; do echo '#include "kernel.h"' >$(@D)/$$header; done
	@touch $@

$(OUT)/objects/%.o: $(KMCL)/%.c $(MACHINE_HEADERS) | $(LINUX)/made
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(ASAN) -c -o $@ $<

$(OUT)/objects/machine/%.o: $(UNIT)/machine/%.c $(MACHINE_HEADERS) | $(LINUX)/made
	@mkdir -p $(@D)
	$(CC) $(MACHINE_FLAGS) $(ASAN) -c -o $@ $<

$(CHANNELS:%=$(OUT)/%): $(OUT)/%: test_%.c ktap.c $(OBJECTS)
	$(CC) $(MACHINE_FLAGS) $(ASAN) -o $@ $(filter %.c %.o,$^)
