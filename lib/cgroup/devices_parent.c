/* SPDX-License-Identifier: Apache-2.0 */
/* Device programs onto cgroups and off them. */
#include <errno.h>
#include <string.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/devices.h"
#include "sys/bare.h"

/* By this name the program is found again (the kernel keeps 15 characters); `bpftool` shows it. */
static const char program_name[BPF_OBJ_NAME_LEN] = "insula_devices";

#define CACHE "devices"

/* As many programs as the kernel lets sit on one cgroup (BPF_CGROUP_MAX_PROGS). */
#define MOST_PROGRAMS 64

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)ins_sys(bpf, command, attr, sizeof(*attr));
}

static int get_info(int fd, struct bpf_prog_info *ret_info)
{
	union bpf_attr attr;

	memset(ret_info, 0, sizeof(*ret_info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(*ret_info);
	attr.info.info = (uintptr_t)ret_info;
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static int open_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr); /* close-on-exec by itself */
}

static int load(const struct bpf_insn *program, uint32_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = n;
	attr.license = (uintptr_t) "Apache-2.0"; /* no helper is called, so any will do */
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	memcpy(attr.prog_name, program_name, sizeof(program_name));
	return bpf(BPF_PROG_LOAD, &attr); /* close-on-exec by itself */
}

/* @replaced: a program on the cgroup whose place it takes, −1: none */
static int attach(int cgroup, int fd, int replaced)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* Others may add theirs further down: a guest's systemd does. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replaced;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

/*
 * What the cache keeps of a program, by its instructions: loading one takes as long as a hundred
 * system calls, and it is the same in most containers. It lives as long as one of them has it on
 * its cgroup. An id may pass to another program then; when it was loaded, and the tag, which is the
 * kernel's own hash of the instructions, tell.
 */
struct loaded {
	uint32_t id;
	uint8_t tag[BPF_TAG_SIZE];
	uint64_t load_time; /* ns since the host was started */
};

/* A program with these instructions that another container has loaded. Return: an fd or −1. */
static int find_loaded(const char *state_root, const struct bpf_insn *program, uint32_t n)
{
	cleanup_free struct loaded *loaded = NULL;
	cleanup_fd int fd = -1;
	struct bpf_prog_info info;
	size_t size;

	if (!ins_cache_read(state_root, CACHE, program, n * sizeof(*program), sizeof(*loaded),
		    (void **)&loaded, &size) ||
		size != sizeof(*loaded))
		return -1;
	fd = open_by_id(loaded->id);
	if (fd < 0 || get_info(fd, &info) < 0 || info.type != BPF_PROG_TYPE_CGROUP_DEVICE ||
		info.load_time != loaded->load_time ||
		memcmp(info.tag, loaded->tag, sizeof(info.tag)) != 0)
		return -1;
	return TAKE_FD(fd);
}

static void keep_loaded(const char *state_root, const struct bpf_insn *program, uint32_t n, int fd)
{
	struct loaded loaded = {};
	struct bpf_prog_info info;

	if (get_info(fd, &info) < 0)
		return;
	loaded.id = info.id;
	loaded.load_time = info.load_time;
	memcpy(loaded.tag, info.tag, sizeof(loaded.tag));
	ins_cache_write(state_root, CACHE, program, n * sizeof(*program), &loaded, sizeof(loaded));
}

static int attach_or_load(int cgroup, const char *state_root, const struct bpf_insn *program,
	uint32_t n, int replaced, struct ins_error *err)
{
	cleanup_fd int shared = find_loaded(state_root, program, n);
	cleanup_fd int fd = -1;
	int r;

	/* The kernel refuses a program that is on the cgroup already: then it gets one of its own.
	 */
	if (shared >= 0 && attach(cgroup, shared, replaced) == 0)
		return 0;
	fd = load(program, n);
	if (fd < 0)
		return ins_error_set(err, -fd, "load the device program");
	r = attach(cgroup, fd, replaced);
	if (r < 0)
		return ins_error_set(err, -r, "attach the device program to the cgroup");
	keep_loaded(state_root, program, n, fd);
	return 0;
}

int ins_devices_attach(int cgroup, const char *state_root, const struct bpf_insn *program,
	uint32_t n, struct ins_error *err)
{
	return attach_or_load(cgroup, state_root, program, n, -1, err);
}

static int detach(int cgroup, int fd, struct ins_error *err)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	r = bpf(BPF_PROG_DETACH, &attr);
	return r < 0 && r != -ENOENT
		       ? ins_error_set(err, -r, "detach the device program from the cgroup")
		       : 0;
}

/* A program on the cgroup that ins_devices_attach() has put there. @ret_fd: −1 if there is none. */
static int find_ours(int cgroup, int *ret_fd, struct ins_error *err)
{
	uint32_t ids[MOST_PROGRAMS];
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MOST_PROGRAMS;
	r = bpf(BPF_PROG_QUERY, &attr);
	*ret_fd = -1;
	/* Who may not even ask has not attached anything; a cgroup that is gone has nothing any more. */
	if (r == -EPERM || r == -EACCES || r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0)
		return ins_error_set(err, -r, "list the device programs of the cgroup");
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		cleanup_fd int fd = open_by_id(ids[i]);
		struct bpf_prog_info info;

		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : get_info(fd, &info);
		if (r < 0)
			return ins_error_set(err, -r, "look at a device program of the cgroup");
		if (memcmp(info.name, program_name, sizeof(program_name)) == 0) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
	}
	return 0;
}

int ins_devices_replace(int cgroup, const char *state_root, const struct bpf_insn *program,
	uint32_t n, struct ins_error *err)
{
	cleanup_fd int old = -1;
	int r = find_ours(cgroup, &old, err);

	if (r == 0 && program)
		r = attach_or_load(cgroup, state_root, program, n, old, err);
	else if (r == 0 && old >= 0)
		r = detach(cgroup, old, err);
	return r;
}

int ins_devices_detach(int cgroup, struct ins_error *err)
{
	for (;;) {
		cleanup_fd int fd = -1;
		int r = find_ours(cgroup, &fd, err);

		if (r == 0 && fd >= 0)
			r = detach(cgroup, fd, err);
		if (r < 0 || fd < 0)
			return r;
	}
}
