/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system of a guest's own, in a file: an ext4 that is mounted through a loop device, detached, so it is
 * nowhere in the host's mount table. The device goes with the mount.
 */
#ifndef INSULA_MOUNT_OWN_IMAGE_H
#define INSULA_MOUNT_OWN_IMAGE_H

#include <stdint.h>

#include "insula.h"

/**
 * ins_own_image_make - make one
 * @dir, @name: of the file, which must not be there
 * @size: bytes; the file has holes, and takes what is written
 * @content: a path: the directory that its root is to be like
 *
 * Return: 0, −ENOENT (mke2fs is not there), −errno.
 */
int ins_own_image_make(
	int dir, const char *name, uint64_t size, const char *content, struct ins_error *err);

/**
 * ins_own_image_mount - mount one
 * @path: of the file
 *
 * One that is mounted already is mounted once more, with the same content.
 *
 * Return: an fd of the detached mount, −errno.
 */
int ins_own_image_mount(const char *path, struct ins_error *err);

/* ins_own_image_grow - make one larger, whether it is mounted or not. Return: 0, −EPERM (it takes
 * CAP_SYS_RESOURCE), −errno; on failure it is as before. */
int ins_own_image_grow(const char *path, uint64_t size, struct ins_error *err);

#endif
