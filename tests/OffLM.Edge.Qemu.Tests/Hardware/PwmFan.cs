using System.Globalization;
using System.Text.RegularExpressions;

namespace OffLM.Edge.Qemu.Tests.Hardware;

/// <summary>A fan at a PWM output with the kernel's pwm-fan driver, as on every Jetson.</summary>
internal sealed partial class PwmFan(Guest guest)
{
    private const string Folder = "/sys/devices/platform/pwm-fan/hwmon/*";

    /// <summary>As the driver begins.</summary>
    public Task ResetAsync() => guest.ReadAsync($"echo 1 > $(echo {Folder}/pwm1_enable); echo 255 > $(echo {Folder}/pwm1)");

    /// <summary>As the driver's switch: 0 off, 1 on; 2 and 3 differ from it in what happens at PWM 0.</summary>
    public Task SwitchAsync(int mode) => guest.ReadAsync($"echo {mode} > $(echo {Folder}/pwm1_enable)");

    /// <summary>The switch's position.</summary>
    public async Task<int> SwitchAsync() => int.Parse(await guest.ReadAsync($"cat {Folder}/pwm1_enable"), CultureInfo.InvariantCulture);

    /// <summary>Sets the speed as another program would, 0 to 255.</summary>
    public Task SetAsync(int pwm) => guest.ReadAsync($"echo {pwm} > $(echo {Folder}/pwm1)");

    /// <summary>The share of time that the output is on, 0 to 1, as the PWM subsystem was told.</summary>
    public async Task<double> DutyAsync()
    {
        var state = await guest.ReadAsync("cat /sys/kernel/debug/pwm");
        var times = Times().Match(state);
        return state.Contains(" enabled ", StringComparison.Ordinal)
            ? double.Parse(times.Groups["duty"].Value, CultureInfo.InvariantCulture) / double.Parse(times.Groups["period"].Value, CultureInfo.InvariantCulture)
            : 0;
    }

    [GeneratedRegex(@"period: (?<period>\d+) ns duty: (?<duty>\d+) ns")]
    private static partial Regex Times();
}
