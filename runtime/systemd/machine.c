/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "request.h"
#include "verbs.h"

#define MACHINED "org.freedesktop.machine1"

/* machined finds the unit by the process. It takes itself what it has to be told no more: the end. */
int machine_register(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t leader = (uint32_t)strtoul(request->words[1], NULL, 10);
	int r = request_check_pids(request);

	if (r)
		return r;
	r = sd_bus_call_method(request->bus, MACHINED, "/org/freedesktop/machine1",
		MACHINED ".Manager", "RegisterMachine", &error, NULL, "sayssus", request->words[0],
		0, "insula", "container", leader, "");
	if (r < 0 && (sd_bus_error_has_name(&error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
			     sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)))
		r = 0;
	r = r < 0 ? request_fail_call("RegisterMachine", &error, r) : 0;
	sd_bus_error_free(&error);
	return r;
}
