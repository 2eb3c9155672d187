# SPDX-License-Identifier: GPL-2.0-only
# Included by Kbuild: the tests with the test peer of selftests/host.
obj-m += peer_test.o
peer_test-y := peer_main.o peer_ktap.o peer_client.o peer_echo.o peer_external.o peer_gpadl.o peer_incoming.o \
	peer_completion.o peer_malformed.o peer_rescind.o peer_properties.o peer_rings.o \
	peer_pipe.o peer_pnp.o peer_suspend.o peer_faults.o
# And the peer itself, as a server of the local bus.
obj-m += local_peer.o
$(foreach object,$(peer_test-y) local_peer.o,$(eval CFLAGS_$(object) := -I$(kmod-src)/../host))
