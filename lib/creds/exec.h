/* SPDX-License-Identifier: Apache-2.0 */
/* What the child's ERROR about a program says in `step`: read by the parent, which has the words.
 */
#ifndef INSULA_CREDS_EXEC_H
#define INSULA_CREDS_EXEC_H

enum ins_exec_step {
	INS_EXEC_STEP_PLAIN,
	INS_EXEC_STEP_NOEXEC, /* the program lies on a noexec mount */
	INS_EXEC_STEP_SKIPPED, /* execve came back without an error */
};

/* Of an ELF file so much of its header is sent, and then the path of its interpreter. */
#define INS_EXEC_ELF_HEADER 64

#endif
