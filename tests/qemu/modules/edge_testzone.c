// SPDX-License-Identifier: GPL-2.0
/*
 * Thermal zones of a Jetson whose temperatures a test sets, in millidegrees, through
 * /sys/module/edge_testzone/parameters/temp. A temperature of -1 makes reads fail with EAGAIN, as those of a GPU that is switched off do.
 */
#include <linux/module.h>
#include <linux/thermal.h>
#include <linux/version.h>

#define ZONES 3

static const char *const names[ZONES] = { "cpu-thermal", "gpu-thermal", "tj-thermal" };
static int temp[ZONES] = { 45000, 43000, 46000 };
module_param_array(temp, int, NULL, 0644);

/* Lower than the limit in the tests' board file, so that it shows which of them counts. */
static struct thermal_trip trips[] = {
	{ .type = THERMAL_TRIP_PASSIVE, .temperature = 88000 },
	{ .type = THERMAL_TRIP_CRITICAL, .temperature = 104500 },
};

static struct thermal_zone_device *zones[ZONES];

static int read_temp(struct thermal_zone_device *zone, int *value)
{
	int i;

	for (i = 0; i < ZONES - 1 && zones[i] != zone; i++)
		;
	*value = temp[i];
	return *value == -1 ? -EAGAIN : 0;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static int trip_type(struct thermal_zone_device *zone, int i, enum thermal_trip_type *type)
{
	*type = trips[i].type;
	return 0;
}

static int trip_temp(struct thermal_zone_device *zone, int i, int *value)
{
	*value = trips[i].temperature;
	return 0;
}

static struct thermal_zone_device_ops ops = { .get_temp = read_temp, .get_trip_type = trip_type, .get_trip_temp = trip_temp };
#define REGISTER(name) thermal_zone_device_register(name, ARRAY_SIZE(trips), 0, NULL, &ops, NULL, 0, 0)
#else
static const struct thermal_zone_device_ops ops = { .get_temp = read_temp };
#define REGISTER(name) thermal_zone_device_register_with_trips(name, trips, ARRAY_SIZE(trips), NULL, &ops, NULL, 0, 0)
#endif

static void remove_zones(void)
{
	int i;

	for (i = 0; i < ZONES && zones[i]; i++)
		thermal_zone_device_unregister(zones[i]);
}

static int __init start(void)
{
	int i;

	for (i = 0; i < ZONES; i++) {
		struct thermal_zone_device *zone = REGISTER(names[i]);

		if (IS_ERR(zone)) {
			remove_zones();
			return PTR_ERR(zone);
		}
		zones[i] = zone;
		thermal_zone_device_enable(zone);
	}
	return 0;
}

module_init(start);
module_exit(remove_zones);
MODULE_DESCRIPTION("Thermal zones for tests");
MODULE_LICENSE("GPL");
