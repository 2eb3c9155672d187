// SPDX-License-Identifier: GPL-2.0-only
/* Time in units of 100 ns: system time since 1601-01-01 UTC, and interrupt time since boot. */

#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/processor.h>
#include <linux/time.h>
#include <linux/timekeeping.h>

#include "nt.h"

static LONGLONG system_time(void)
{
	return div_u64(ktime_get_real_ns(), 100) + KMCL_NT_EPOCH_100NS;
}

static ktime_t to_ns(LONGLONG units)
{
	return units > KTIME_MAX / 100 ? KTIME_MAX : units * 100;
}

/**
 * kmcl_nt_expiry() - when does an NT due time come?
 * @due: in 100 ns; negative: an interval from now; otherwise system time
 * @clock: set to the clock of the result
 *
 * Return: the time on that clock.
 */
ktime_t kmcl_nt_expiry(LONGLONG due, enum kmcl_clock *clock)
{
	if (due < 0) {
		*clock = KMCL_CLOCK_MONOTONIC;
		return ktime_add_safe(ktime_get(), to_ns(due == MINLONGLONG ? MAXLONGLONG : -due));
	}
	*clock = KMCL_CLOCK_REALTIME;
	return due <= KMCL_NT_EPOCH_100NS ? 0 : to_ns(due - KMCL_NT_EPOCH_100NS);
}

/**
 * KeQuerySystemTime() - the system time
 * @CurrentTime: set to 100 ns units since 1601-01-01 UTC, as fine as the clock is
 *
 * IRQL: any.
 *
 * Microsoft: "KeQuerySystemTime function (wdm.h)".
 */
VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
	CurrentTime->QuadPart = system_time();
}
EXPORT_SYMBOL_GPL(KeQuerySystemTime);

/**
 * KeQuerySystemTimePrecise() - the system time
 * @CurrentTime: set to 100 ns units since 1601-01-01 UTC
 *
 * IRQL: any.
 *
 * Microsoft: "KeQuerySystemTimePrecise function (wdm.h)".
 */
VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime)
{
	CurrentTime->QuadPart = system_time();
}
EXPORT_SYMBOL_GPL(KeQuerySystemTimePrecise);

/**
 * KeQueryInterruptTime() - time since boot, with the time the system slept
 *
 * IRQL: any.
 *
 * Return: 100 ns units.
 *
 * Microsoft: "KeQueryInterruptTime function (wdm.h)".
 */
ULONGLONG KeQueryInterruptTime(void)
{
	return div_u64(ktime_get_boottime_ns(), 100);
}
EXPORT_SYMBOL_GPL(KeQueryInterruptTime);

/**
 * KeQueryPerformanceCounter() - a counter for measuring intervals
 * @PerformanceFrequency: if not NULL, set to ticks a second: 10,000,000
 *
 * IRQL: any.
 *
 * Return: ticks since boot, without the time the system slept.
 *
 * Microsoft: "KeQueryPerformanceCounter function (wdm.h)".
 */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
	LARGE_INTEGER ticks;

	if (PerformanceFrequency)
		PerformanceFrequency->QuadPart = 10000000;
	ticks.QuadPart = div_u64(ktime_get_ns(), 100);
	return ticks;
}
EXPORT_SYMBOL_GPL(KeQueryPerformanceCounter);

/**
 * KeStallExecutionProcessor() - wait without sleeping
 * @MicroSeconds: how long, in microseconds; Windows asks for at most 50
 *
 * By the clock: udelay() counts instructions, which in a VM may take any time.
 *
 * IRQL: any.
 *
 * Microsoft: "KeStallExecutionProcessor function (wdm.h)".
 */
VOID KeStallExecutionProcessor(ULONG MicroSeconds)
{
	ktime_t end = ktime_add_us(ktime_get(), MicroSeconds);

	while (ktime_before(ktime_get(), end))
		cpu_relax();
}
EXPORT_SYMBOL_GPL(KeStallExecutionProcessor);

/**
 * KeQueryTimeIncrement() - the length of a tick of KeQueryTickCount()
 *
 * IRQL: any.
 *
 * Return: 100 ns units: 10000, a millisecond.
 *
 * Microsoft: "KeQueryTimeIncrement function (wdm.h)".
 */
ULONG KeQueryTimeIncrement(void)
{
	return 10000;
}
EXPORT_SYMBOL_GPL(KeQueryTimeIncrement);

/**
 * KeQueryTickCount() - ticks since boot
 * @TickCount: set to milliseconds, with the time the system slept
 *
 * IRQL: any.
 *
 * Microsoft: "KeQueryTickCount macro (wdm.h)".
 */
VOID KeQueryTickCount(PLARGE_INTEGER TickCount)
{
	TickCount->QuadPart = div_u64(ktime_get_boottime_ns(), NSEC_PER_MSEC);
}
EXPORT_SYMBOL_GPL(KeQueryTickCount);

/**
 * RtlTimeToTimeFields() - system time as a date
 * @Time: 100 ns units since 1601-01-01, not below 0
 * @TimeFields: set
 *
 * IRQL: any.
 *
 * Microsoft: "RtlTimeToTimeFields function (wdm.h)".
 */
VOID RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
	u32 rest;
	u64 seconds = div_u64_rem(Time->QuadPart, 10000000, &rest);
	struct tm tm;

	time64_to_tm((time64_t)seconds - KMCL_NT_EPOCH_100NS / 10000000, 0, &tm);
	TimeFields->Year = tm.tm_year + 1900;
	TimeFields->Month = tm.tm_mon + 1;
	TimeFields->Day = tm.tm_mday;
	TimeFields->Hour = tm.tm_hour;
	TimeFields->Minute = tm.tm_min;
	TimeFields->Second = tm.tm_sec;
	TimeFields->Milliseconds = rest / 10000;
	TimeFields->Weekday = tm.tm_wday;
}
EXPORT_SYMBOL_GPL(RtlTimeToTimeFields);
