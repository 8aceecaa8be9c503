/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include "image/store.h"
#include "base/error.h"
int ins_image_of_template(const struct ins_library *library, const char *template, char ret_id[INS_IMAGE_ID_SIZE], struct ins_error *err)
{ char t[64]; ssize_t n = readlinkat(library->templates, template, t, sizeof t - 1); (void)err; if (n < 26) return ins_error_text(err, 2, "no template %s", template); t[n]=0; memcpy(ret_id, t+10, 17); return 0; }
int ins_image_use(const struct ins_library *library, const char *id, const char *runtime, char ret_path[PATH_MAX], struct ins_error *err)
{ (void)runtime;(void)err; snprintf(ret_path, PATH_MAX, "%s/images/%s/root", library->path, id); return 0; }
