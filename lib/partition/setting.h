/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of settings: how each is written. */
#ifndef INSULA_PARTITION_SETTING_H
#define INSULA_PARTITION_SETTING_H

#include "partition/definition.h"

/* ins_setting_check - is this a value of that setting? Return: 0, −EINVAL with the key before the words. */
int ins_setting_check(enum ins_setting setting, const char *text, struct ins_error *err);

/* What a value is made of, for those who have to do it. The texts point into the value. */
struct ins_setting_part {
	const char *text;
	size_t size;
};

/* "SOURCE:DIR[:ro]" */
struct ins_setting_mount {
	struct ins_setting_part source, target;
	bool readonly;
};

/* "[ADDRESS:]PORT:PORT[/PROTOCOL]" */
struct ins_setting_publish {
	struct ins_setting_part address; /* size 0: all */
	uint16_t outside, inside;
	bool udp;
};

/* ins_setting_capability - the number of "NET_RAW", "CAP_NET_RAW" or "net_raw". Return: −EINVAL: there is none. */
int ins_setting_capability(const char *text);

/* ins_setting_mount, ins_setting_publish - take a value apart. Return: 0, −EINVAL. No error is recorded. */
int ins_setting_mount(const char *text, struct ins_setting_mount *ret);
int ins_setting_publish(const char *text, struct ins_setting_publish *ret);

#endif
