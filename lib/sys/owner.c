/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/bare.h"
#include "sys/owner.h"

/* setresuid(2) of the C library would change all threads. Who leaves root loses the capabilities by that, unless it
 * is said before that ids and capabilities are two things. */
static long change(uid_t real, uid_t effective, uid_t saved)
{
	long bits = ins_sys(prctl, PR_GET_SECUREBITS), r = bits;

	if (r >= 0)
		r = ins_sys(prctl, PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP);
	if (r < 0)
		return r;
	r = ins_sys(setresuid, real, effective, saved);
	(void)ins_sys(prctl, PR_SET_SECUREBITS, bits);
	return r;
}

int ins_owner_take(uid_t uid, struct ins_owner *ret_before, struct ins_error *err)
{
	struct ins_owner before;
	long r;

	if (getresuid(&before.real, &before.effective, &before.saved) < 0)
		return ins_error_set(err, errno, "look at the own user ids");
	r = change(uid, uid, uid);
	if (r < 0)
		return ins_error_set(err, (int)-r, "take the user id %u", uid);
	*ret_before = before;
	return 0;
}

int ins_owner_give_back(const struct ins_owner *before, struct ins_error *err)
{
	long r = change(before->real, before->effective, before->saved);

	return r < 0 ? ins_error_set(err, (int)-r, "take the own user ids back") : 0;
}
