/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: root file systems that many partitions share and nobody changes.
 *
 *     images/ID/image.json    digest, kind, size, when and from what it was made
 *     images/ID/root/         the files, or
 *     images/ID/root.erofs    the files in one erofs image
 *
 * ID is the first 16 hex digits of the content's digest: the same content is there once.
 */
#ifndef INSULA_IMAGE_STORE_H
#define INSULA_IMAGE_STORE_H

#include <jansson.h>
#include <limits.h>

#include "guest/context.h"
#include "image/library.h"

#define INS_IMAGE_ID_SIZE 17 /* with the zero byte */

/* ins_image_of_template - the id of the image that a template names. Return: 0, −ENOENT with a hint at how
 * to get one, −errno. */
int ins_image_of_template(const struct ins_library *library, const char *template,
	char ret_id[INS_IMAGE_ID_SIZE], struct ins_error *err);

/**
 * ins_image_use - the directory that has an image's files, to be a layer of a root
 * @context: below its state directory an erofs image is mounted, once for all who use it
 * @ret_path: absolute
 *
 * At the first use since the machine was booted the content is compared with the digest.
 *
 * Return: 0, −ENOENT, −EBADMSG (it was changed), −errno.
 */
int ins_image_use(const struct ins_library *library, const char *id, const struct ins_context *context,
	char ret_path[PATH_MAX], struct ins_error *err);

/**
 * ins_image_config - how an image wants its program to be started
 * @ret_config: {"command", "env": lists, "cwd", "user": "UID:GID", "stop-signal"}, each if the image has it;
 *              NULL if it says nothing; to be released
 */
int ins_image_config(const struct ins_library *library, const char *id, json_t **ret_config,
	struct ins_error *err);

/* ins_image_forget - an image that is removed is no longer mounted, nor known to be checked. */
void ins_image_forget(const char *id, const char *runtime);

/* ins_image_release - a partition that had the image is gone: if no other one and no template has it, it goes. The
 * library is not locked afterwards. Return: 0, −errno. */
int ins_image_release(struct ins_context *context, struct ins_library *library, const char *id,
	struct ins_error *err);

/* ins_image_is_id - it has the form of one: it becomes part of a path. */
bool ins_image_is_id(const char *text);

/**
 * ins_image_is_used - a partition, one that is just being made too, consists of it
 *
 * A state.json that cannot be read counts as one that names it. The library has to be locked, if the
 * answer is to last.
 */
bool ins_image_is_used(const struct ins_library *library, const char *id);

#endif
