using System.Globalization;

namespace OffLM.Edge.Qemu.Tests.Hardware;

/// <summary>The thermal zones cpu-thermal, gpu-thermal and tj-thermal.</summary>
internal sealed class ThermalZones(Guest guest)
{
    /// <summary>Sets their temperatures in degrees Celsius; reads of a zone without one fail.</summary>
    public Task SetAsync(params IReadOnlyList<double?> celsius) =>
        guest.ReadAsync($"echo {string.Join(',', celsius.Select(MilliCelsius))} > /sys/module/edge_testzone/parameters/temp");

    private static string MilliCelsius(double? celsius) => celsius is { } known ? ((int)Math.Round(known * 1000)).ToString(CultureInfo.InvariantCulture) : "-1";
}
