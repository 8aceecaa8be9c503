/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

int unit_property(struct request *request, const char *interface, const char *property, char **ret)
{
	return sd_bus_get_property_string(
		request->bus, SYSTEMD, request->path, interface, property, NULL, ret);
}

bool unit_is_loaded(struct request *request)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(
		request->bus, SYSTEMD, PATH, MANAGER, "GetUnit", &error, NULL, "s", request->unit);
	bool loaded = r >= 0 || !sd_bus_error_has_name(&error, NO_UNIT);

	sd_bus_error_free(&error);
	return loaded;
}

void unit_forget_failure(struct request *request)
{
	(void)sd_bus_call_method(request->bus, SYSTEMD, PATH, MANAGER, "ResetFailedUnit", NULL,
		NULL, "s", request->unit);
}
