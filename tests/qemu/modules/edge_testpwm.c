// SPDX-License-Identifier: GPL-2.0
/*
 * A PWM output and a fan on it, as a Jetson's device tree describes them: the kernel's own pwm-fan driver binds to the fan. What the driver
 * makes of it is in /sys/kernel/debug/pwm.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>
#include <linux/version.h>

/* 25 kHz, as fans with four wires want it. */
#define PERIOD_NS 40000

static struct platform_device *output;
static struct platform_device *fan;

static int apply(struct pwm_chip *chip, struct pwm_device *pwm, const struct pwm_state *state)
{
	return 0;
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static const struct pwm_ops ops = { .apply = apply, .owner = THIS_MODULE };
static struct pwm_chip only = { .ops = &ops, .npwm = 1 };

static int probe(struct platform_device *device)
{
	only.dev = &device->dev;
	return devm_pwmchip_add(&device->dev, &only);
}
#else
static const struct pwm_ops ops = { .apply = apply };

static int probe(struct platform_device *device)
{
	struct pwm_chip *chip = devm_pwmchip_alloc(&device->dev, 1, 0);

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	chip->ops = &ops;
	return devm_pwmchip_add(&device->dev, chip);
}
#endif

static struct platform_driver driver = { .driver.name = "edge_testpwm" };
static struct pwm_lookup lookup[] = { PWM_LOOKUP("edge_testpwm", 0, "pwm-fan", NULL, PERIOD_NS, PWM_POLARITY_NORMAL) };
static void (*add_table)(struct pwm_lookup *table, size_t count);
static void (*remove_table)(struct pwm_lookup *table, size_t count);

/* Board files that are part of the kernel describe PWM outputs with these two functions; modules may not see them, so a probe finds them. */
static void *find_function(const char *name)
{
	struct kprobe finder = { .symbol_name = name };

	if (register_kprobe(&finder) < 0)
		return NULL;
	unregister_kprobe(&finder);
	return finder.addr;
}

static int __init start(void)
{
	add_table = find_function("pwm_add_table");
	remove_table = find_function("pwm_remove_table");
	if (!add_table || !remove_table)
		return -ENOENT;
	output = platform_create_bundle(&driver, probe, NULL, 0, NULL, 0);
	if (IS_ERR(output))
		return PTR_ERR(output);
	add_table(lookup, ARRAY_SIZE(lookup));
	fan = platform_device_register_simple("pwm-fan", PLATFORM_DEVID_NONE, NULL, 0);
	if (!IS_ERR(fan))
		return 0;

	remove_table(lookup, ARRAY_SIZE(lookup));
	platform_device_unregister(output);
	platform_driver_unregister(&driver);
	return PTR_ERR(fan);
}

static void __exit stop(void)
{
	platform_device_unregister(fan);
	remove_table(lookup, ARRAY_SIZE(lookup));
	platform_device_unregister(output);
	platform_driver_unregister(&driver);
}

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("A fan on a PWM output for tests");
MODULE_LICENSE("GPL");
