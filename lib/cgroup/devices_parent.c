/* SPDX-License-Identifier: Apache-2.0 */
/* Device programs onto cgroups and off them. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/devices.h"
#include "sys/bare.h"

/* By this name the program is found again (the kernel keeps 15 characters); `bpftool` shows it. */
static const char program_name[BPF_OBJ_NAME_LEN] = "insula_devices";

/* As many programs as the kernel lets sit on one cgroup (BPF_CGROUP_MAX_PROGS). */
#define MOST_PROGRAMS 64

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)ins_sys(bpf, command, attr, sizeof(*attr));
}

int ins_devices_attach(
	int cgroup, const struct bpf_insn *program, uint32_t n, struct ins_error *err)
{
	union bpf_attr attr;
	cleanup_fd int fd = -1;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = n;
	attr.license = (uintptr_t) "Apache-2.0"; /* no helper is called, so any will do */
	attr.expected_attach_type = BPF_CGROUP_DEVICE;
	memcpy(attr.prog_name, program_name, sizeof(program_name));
	fd = bpf(BPF_PROG_LOAD, &attr); /* close-on-exec by itself */
	if (fd < 0)
		return ins_error_set(err, -fd, "load the device program");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	/* Others may add theirs further down: a guest's systemd does. */
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	r = bpf(BPF_PROG_ATTACH, &attr);
	return r < 0 ? ins_error_set(err, -r, "attach the device program to the cgroup") : 0;
}

static int detach_if_ours(int cgroup, uint32_t id, struct ins_error *err)
{
	struct bpf_prog_info info;
	union bpf_attr attr;
	cleanup_fd int fd = -1;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return ins_error_set(err, -fd, "open a device program of the cgroup");
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	r = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	if (r < 0)
		return ins_error_set(err, -r, "look at a device program of the cgroup");
	if (memcmp(info.name, program_name, sizeof(program_name)) != 0)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	r = bpf(BPF_PROG_DETACH, &attr);
	return r < 0 && r != -ENOENT
		? ins_error_set(err, -r, "detach the device program from the cgroup")
		: 0;
}

int ins_devices_detach(int cgroup, struct ins_error *err)
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
	/* Who may not even ask has not attached anything. */
	if (r == -EPERM || r == -EACCES)
		return 0;
	if (r < 0)
		return ins_error_set(err, -r, "list the device programs of the cgroup");
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++) {
		r = detach_if_ours(cgroup, ids[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}
