# SPDX-License-Identifier: GPL-2.0-only
# For a driver's Kbuild, after its obj-m line: what Windows source needs of the compiler, for the modules of that
# folder only.
#
#	obj-m += mydriver.o
#	mydriver-y := driver.o module.o
#	include /path/to/kmcl/include/kmcl.mk
#
# Search path, UTF-16 strings (-fshort-wchar), unnamed members (-fms-extensions), tags like 'gaT1', pragmas of the
# Microsoft compiler; and includes whose letter case differs from the file's (kmcl-case).
kmcl-mk-include := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
kmcl-mk-case := $(shell $(kmcl-mk-include)/kmcl-case $(kmcl-mk-include) $(src) $(obj)/.kmcl-include)

ccflags-y += $(if $(kmcl-mk-case),-I$(kmcl-mk-case)) -I$(kmcl-mk-include) -fshort-wchar -fms-extensions \
	-Wno-multichar -Wno-unknown-pragmas
