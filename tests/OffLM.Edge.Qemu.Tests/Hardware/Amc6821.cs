using System.Globalization;

namespace OffLM.Edge.Qemu.Tests.Hardware;

/// <summary>The fan controller's registers, as in Texas Instruments' SBAS386. They are looked at behind the driver's back.</summary>
internal sealed class Amc6821(Guest guest)
{
    /// <summary>Clock pulses in a revolution's time, at one revolution a minute.</summary>
    private const int TachometerClock = 6_000_000;

    private const string Driver = "/sys/bus/i2c/drivers/amc6821";

    /// <summary>Who decides the fan's speed: bits FDRC of configuration register 1.</summary>
    public enum Control
    {
        Program = 0,
        Unused = 1,
        RemoteSensor = 2,
        HottestSensor = 3,
    }

    /// <summary>The fan turns, and the chip controls it by its remote sensor.</summary>
    public async Task ResetAsync()
    {
        await BindAsync();
        await SpinAsync(3000);
        await guest.ReadAsync(
            """
            i2cset -f -y $(cat /tmp/bus) 0x18 0x00 0x41 b
            i2cset -f -y $(cat /tmp/bus) 0x18 0x22 0x46 b
            """);
        await Until.TrueAsync(TimeSpan.FromSeconds(10), async () => await guest.ReadAsync($"cat {Attribute("pwm1_enable")}") == "2", () => "The driver does not see what the chip does.");
    }

    /// <summary>The duty that the chip drives the fan with, 0 to 255.</summary>
    public Task<int> PwmAsync() => RegisterAsync(0x22);

    public async Task<Control> ControlAsync() => (Control)((await RegisterAsync(0x00) >> 5) & 3);

    /// <summary>How fast the fan turns, in revolutions per minute; 0 for one that is stuck.</summary>
    public Task SpinAsync(int rpm)
    {
        // A fan that stands gives no pulse: the count runs to its end. The driver makes 91 revolutions of that.
        var count = rpm == 0 ? 0xffff : TachometerClock / rpm;
        return guest.ReadAsync(
            $"""
            i2cset -f -y $(cat /tmp/bus) 0x18 0x08 0x{count & 0xff:x2} b
            i2cset -f -y $(cat /tmp/bus) 0x18 0x09 0x{count >> 8:x2} b
            """);
    }

    public Task UnbindAsync() => guest.ReadAsync($"echo $(cat /tmp/bus)-0018 > {Driver}/unbind");

    public Task BindAsync() => guest.ReadAsync($"chip=$(cat /tmp/bus)-0018; [ -e {Driver}/$chip ] || echo $chip > {Driver}/bind");

    private static string Attribute(string name) => $"/sys/bus/i2c/devices/$(cat /tmp/bus)-0018/hwmon/*/{name}";

    private async Task<int> RegisterAsync(int register)
    {
        var text = await guest.ReadAsync($"i2cget -f -y $(cat /tmp/bus) 0x18 0x{register:x2}");
        return int.Parse(text["0x".Length..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
