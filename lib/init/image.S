/* SPDX-License-Identifier: Apache-2.0 */
/* The finished init, between two symbols that only the library sees. */
	.section .rodata
	.balign 16
	.globl ins_init_image
	.hidden ins_init_image
	.type ins_init_image, %object
ins_init_image:
	.incbin "lib/init/insula-init"
	.size ins_init_image, . - ins_init_image

	.globl ins_init_image_end
	.hidden ins_init_image_end
	.type ins_init_image_end, %object
ins_init_image_end:
	.byte 0
	.size ins_init_image_end, 1

	.section .note.GNU-stack, "", %progbits
