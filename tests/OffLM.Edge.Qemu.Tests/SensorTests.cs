using System.Text.Json;

namespace OffLM.Edge.Qemu.Tests;

/// <summary><c>board show</c> on the kernel's ina3221 driver and thermal zones.</summary>
[Collection(GuestCollection.Name)]
public sealed class SensorTests(Guest guest) : IAsyncLifetime
{
    public Task InitializeAsync() => guest.ResetAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Rails_and_temperatures_are_what_the_chips_hold()
    {
        await guest.Zones.SetAsync(51.5, -7, 63.4);
        await guest.Ina3221.SetAsync(1, 19_000, 1_240);
        await guest.Ina3221.SetAsync(2, 5_000, 2_000);
        await guest.Ina3221.SetAsync(3, 1_000, -48);

        var board = await ShowAsync();

        Assert.Equal([("cpu-thermal", 51.5), ("gpu-thermal", -7.0), ("tj-thermal", 63.4)], Figures(board, "zones", "celsius").Where(z => z.Name.EndsWith("-thermal", StringComparison.Ordinal)));
        Assert.Equal([("VDD_IN", 23_560.0), ("VDD_CPU_GPU_CV", 10_000.0), ("VDD_SOC", -48.0)], Figures(board, "rails", "milliwatts"));
        Assert.Equal(23_560, board.GetProperty("totalMilliwatts").GetDouble());
    }

    [Fact]
    public async Task A_zones_own_trip_lowers_its_limit()
    {
        // The kernel throttles at 88 °C here; the board file alone would say 90.
        var board = await ShowAsync();

        Assert.Equal([("cpu-thermal", 83.0), ("gpu-thermal", 83.0), ("tj-thermal", 83.0)], Figures(board, "zones", "limit").Where(z => z.Limit is not null));
    }

    [Fact]
    public async Task A_zone_whose_reads_fail_is_absent_and_the_others_are_not()
    {
        await guest.Zones.SetAsync(51.5, null, 63.4);

        Assert.Equal([("cpu-thermal", 51.5), ("gpu-thermal", null), ("tj-thermal", 63.4)], Figures(await ShowAsync(), "zones", "celsius").Take(3));
        Assert.Contains("gpu-thermal can't be read; a part that is switched off does that.", await guest.ReadAsync("offlm-edge board show --board /boards/amc6821.json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_channel_that_is_switched_off_is_absent_and_the_total_remains()
    {
        await guest.Ina3221.SwitchAsync(2, on: false);
        try
        {
            var board = await ShowAsync();

            Assert.Equal([("VDD_IN", 6_000.0), ("VDD_CPU_GPU_CV", null), ("VDD_SOC", 100.0)], Figures(board, "rails", "milliwatts"));
            Assert.Equal(6_000, board.GetProperty("totalMilliwatts").GetDouble());
        }
        finally
        {
            await guest.Ina3221.SwitchAsync(2, on: true);
        }
    }

    [Fact]
    public async Task The_total_is_unknown_without_the_power_chip_not_zero()
    {
        await guest.Ina3221.UnbindAsync();
        var board = await ShowAsync();

        Assert.Empty(Figures(board, "rails", "milliwatts"));
        Assert.Equal(JsonValueKind.Null, board.GetProperty("totalMilliwatts").ValueKind);
    }

    private async Task<JsonElement> ShowAsync() => (await guest.RunAsync("offlm-edge board show --json --board /boards/amc6821.json")).Succeeded().Json;

    private static List<(string Name, double? Limit)> Figures(JsonElement board, string list, string figure) =>
        [.. board.GetProperty(list).EnumerateArray().Select(e => (e.GetProperty("name").GetString()!, e.GetProperty(figure) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : (double?)null))];
}
