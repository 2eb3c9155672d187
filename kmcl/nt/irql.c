// SPDX-License-Identifier: GPL-2.0-only
/*
 * IRQL on Linux: DISPATCH_LEVEL is a softirq or a section with bottom halves disabled. Raising
 * disables them once, however deep the caller already is, because the level and not the depth is
 * what Windows counts.
 */

#include <linux/bottom_half.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

#include "nt.h"

/**
 * KeGetCurrentIrql() - the current IRQL
 *
 * A spin lock that Linux code took without disabling bottom halves is not seen.
 *
 * IRQL: any.
 *
 * Return: PASSIVE_LEVEL, DISPATCH_LEVEL, or HIGH_LEVEL in a hardware interrupt and with interrupts
 * disabled.
 *
 * Microsoft: "KeGetCurrentIrql function (wdm.h)".
 */
KIRQL KeGetCurrentIrql(void)
{
	if (irqs_disabled() || hardirq_count())
		return HIGH_LEVEL;
	if (softirq_count())
		return DISPATCH_LEVEL;
	return PASSIVE_LEVEL;
}
EXPORT_SYMBOL_GPL(KeGetCurrentIrql);

/**
 * KeRaiseIrql() - raise the IRQL
 * @NewIrql: PASSIVE_LEVEL, APC_LEVEL (which changes nothing) or DISPATCH_LEVEL
 * @OldIrql: the level to give to KeLowerIrql()
 *
 * Levels above DISPATCH_LEVEL are not offered: they warn once and raise to DISPATCH_LEVEL.
 *
 * IRQL: <= NewIrql.
 *
 * Microsoft: "KeRaiseIrql macro (wdm.h)".
 */
VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
	KIRQL old = KeGetCurrentIrql();

	*OldIrql = old;
	WARN_ONCE(NewIrql > DISPATCH_LEVEL, "%s to %u: only DISPATCH_LEVEL is offered\n", __func__,
		  NewIrql);
	WARN_ONCE(NewIrql < old, "%s from %u to %u\n", __func__, old, NewIrql);
	if (NewIrql >= DISPATCH_LEVEL && old < DISPATCH_LEVEL)
		local_bh_disable();
}
EXPORT_SYMBOL_GPL(KeRaiseIrql);

/**
 * KeRaiseIrqlToDpcLevel() - raise the IRQL to DISPATCH_LEVEL
 *
 * IRQL: <= DISPATCH_LEVEL.
 *
 * Return: the level to give to KeLowerIrql().
 *
 * Microsoft: "KeRaiseIrqlToDpcLevel function (wdm.h)".
 */
KIRQL KeRaiseIrqlToDpcLevel(void)
{
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	return old;
}
EXPORT_SYMBOL_GPL(KeRaiseIrqlToDpcLevel);

/**
 * KeLowerIrql() - go back to the IRQL from before KeRaiseIrql()
 * @NewIrql: what KeRaiseIrql() stored
 *
 * Going below the level at which a DPC or callback was entered warns once and does nothing.
 *
 * IRQL: >= NewIrql.
 *
 * Microsoft: "KeLowerIrql function (wdm.h)".
 */
VOID KeLowerIrql(KIRQL NewIrql)
{
	if (NewIrql >= DISPATCH_LEVEL || !softirq_count())
		return;
	if (WARN_ONCE(in_serving_softirq(), "%s to %u inside a DPC or callback\n", __func__,
		      NewIrql))
		return;
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(KeLowerIrql);

/**
 * kmcl_nt_gfp() - allocation flags for the current IRQL
 *
 * Also atomic where Linux code is known to have disabled preemption.
 *
 * Return: GFP_KERNEL or GFP_ATOMIC, both without a warning in the log on failure.
 */
gfp_t kmcl_nt_gfp(void)
{
	if (KeGetCurrentIrql() >= DISPATCH_LEVEL || preempt_count())
		return GFP_ATOMIC | __GFP_NOWARN;
	return GFP_KERNEL | __GFP_NOWARN;
}
