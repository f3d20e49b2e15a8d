using System.Globalization;

namespace OffLM.Edge.Qemu.Tests.Hardware;

/// <summary>The power monitor's registers, as in Texas Instruments' SBOS576: section 8.6.2.</summary>
internal sealed class Ina3221(Guest guest)
{
    /// <summary>What the driver assumes where no device tree says otherwise.</summary>
    private const int ShuntMilliohms = 10;

    private const int ShuntMicrovoltsPerStep = 40;
    private const int BusMillivoltsPerStep = 8;

    private static readonly string Driver = "/sys/bus/i2c/drivers/ina3221";

    /// <summary>A little power on each rail, and the driver bound.</summary>
    public async Task ResetAsync()
    {
        await BindAsync();
        await SetAsync(1, 5000, 1200);
        await SetAsync(2, 5000, 400);
        await SetAsync(3, 1000, 100);
    }

    /// <summary>What one channel measures.</summary>
    /// <param name="channel">1 to 3.</param>
    /// <param name="millivolts">A multiple of 8.</param>
    /// <param name="milliamperes">A multiple of 4; negative for a current that flows back.</param>
    public Task SetAsync(int channel, int millivolts, int milliamperes) => guest.ReadAsync(
        $"""
        {Write((2 * channel) - 1, milliamperes * ShuntMilliohms / ShuntMicrovoltsPerStep)}
        {Write(2 * channel, millivolts / BusMillivoltsPerStep)}
        """);

    /// <summary>Switches one channel of the chip on or off.</summary>
    public Task SwitchAsync(int channel, bool on) => guest.ReadAsync($"echo {(on ? 1 : 0)} > $(grep -l ina3221 /sys/class/hwmon/*/name | sed 's/name$//')in{channel}_enable");

    public Task UnbindAsync() => guest.ReadAsync($"echo $(cat /tmp/bus)-0040 > {Driver}/unbind");

    public Task BindAsync() => guest.ReadAsync($"chip=$(cat /tmp/bus)-0040; [ -e {Driver}/$chip ] || echo $chip > {Driver}/bind");

    /// <summary>The chip sends the high byte first, SMBus the low one; the value is in the upper 13 bits.</summary>
    private static string Write(int register, int steps)
    {
        var value = (steps << 3) & 0xffff;
        return string.Create(CultureInfo.InvariantCulture, $"i2cset -f -y $(cat /tmp/bus) 0x40 0x{register:x2} 0x{value & 0xff:x2}{value >> 8:x2} w");
    }
}
