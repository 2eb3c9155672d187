/* SPDX-License-Identifier: GPL-2.0-only */
/* The suites: one file each, one file in debugfs each. */
#ifndef KMCL_TEST_SUITES_H
#define KMCL_TEST_SUITES_H

#include "ktap.h"

extern const struct ktap_suite lifecycle_suite;
extern const struct ktap_suite rescind_suite;
extern const struct ktap_suite pause_suite;
extern const struct ktap_suite arguments_suite;
extern const struct ktap_suite packet_suite;
extern const struct ktap_suite send_suite;
extern const struct ktap_suite room_suite;
extern const struct ktap_suite receive_suite;
extern const struct ktap_suite quota_suite;
extern const struct ktap_suite malformed_suite;
extern const struct ktap_suite synchronous_suite;
extern const struct ktap_suite pipe_suite;
extern const struct ktap_suite external_suite;
extern const struct ktap_suite gpadl_suite;
extern const struct ktap_suite interface_suite;
extern const struct ktap_suite stress_suite;
extern const struct ktap_suite local_suite;
extern const struct ktap_suite server_suite;
extern const struct ktap_suite local_packet_suite;
extern const struct ktap_suite local_memory_suite;
extern const struct ktap_suite pending_suite;
extern const struct ktap_suite storm_suite;
extern const struct ktap_suite hostile_suite;
extern const struct ktap_suite pnp_suite;
extern const struct ktap_suite wdf_suite;
extern const struct ktap_suite save_suite;
extern const struct ktap_suite restore_suite;
extern const struct ktap_suite counters_suite;
extern const struct ktap_suite faults_suite;
extern const struct ktap_suite race_suite;
extern const struct ktap_suite misuse_suite;

#endif
