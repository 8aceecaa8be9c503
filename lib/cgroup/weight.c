/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup/weight.h"

/* Without the mathematical library, which nothing else here needs. Good to 12 digits. */
static double log_2(double x)
{
	double result = 0, bit = 1;

	while (x >= 2) {
		x /= 2;
		result++;
	}
	for (int i = 0; i < 40; i++) {
		x *= x;
		bit /= 2;
		if (x >= 2) {
			x /= 2;
			result += bit;
		}
	}
	return result;
}

/*
 * The quadratic through the smallest, the usual and the largest value of both: 2 ↦ 1, 1024 ↦ 100,
 * 262144 ↦ 10000, on logarithmic scales; as runc since 1.3.2 and crun since 1.23. The linear one that
 * was used before made a container with the usual 1024 shares 2.5 times lighter (39) than anything
 * that asked for nothing (100).
 */
uint64_t ins_shares_to_weight(uint64_t shares)
{
	static const double log_2_of_10 = 3.321928094887362;
	double l = log_2((double)shares), wanted;
	uint64_t low = 1, high = 10000;

	if (shares <= 2)
		return low;
	if (shares >= 262144)
		return high;
	wanted = ((l * l + 125 * l) / 612.0 - 7.0 / 34.0) * log_2_of_10;
	/* The smallest weight that is not below it; what is lost in the sums does not count. */
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log_2((double)middle) >= wanted - 1e-11)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t ins_blkio_to_weight(uint32_t weight)
{
	return 1 + (weight - INS_BLKIO_WEIGHT_MIN) * UINT64_C(9999) /
			   (INS_BLKIO_WEIGHT_MAX - INS_BLKIO_WEIGHT_MIN);
}
