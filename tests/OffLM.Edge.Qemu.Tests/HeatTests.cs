namespace OffLM.Edge.Qemu.Tests;

/// <summary>The node when the kernel's thermal zones get hot or fall silent.</summary>
[Collection(GuestCollection.Name)]
public sealed class HeatTests(Guest guest) : IAsyncLifetime
{
    private const string Board = "/boards/amc6821.json";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    public Task InitializeAsync() => guest.ResetAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task At_a_critical_temperature_requests_are_refused_until_the_board_has_cooled_down()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        Assert.Equal(200, (await node.AskAsync()).Status);

        await guest.Zones.SetAsync(70, 70, 99.5);
        await Until.TrueAsync(Soon, async () => (await node.AskAsync()).Status == 503, () => "Requests are taken at 99.5 °C.");
        var refused = await node.AskAsync();
        Assert.Equal(TimeSpan.FromSeconds(30), refused.RetryAfter);
        Assert.Contains("too hot", refused.Text, StringComparison.Ordinal);
        Assert.Contains("offlm_board_refusing 1", await node.MetricsAsync(), StringComparison.Ordinal);

        // Three degrees below the limit of 83 it takes requests again, not before.
        await guest.Zones.SetAsync(70, 70, 81);
        await ReadsAsync(node, "tj-thermal", 81);
        Assert.Equal(503, (await node.AskAsync()).Status);
        await guest.Zones.SetAsync(70, 70, 79);
        await Until.TrueAsync(Soon, async () => (await node.AskAsync()).Status == 200, () => "Requests are refused at 79 °C.");
    }

    [Fact]
    public async Task A_silent_zone_is_counted_and_all_silent_zones_mean_full_speed_and_half_pace()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        await guest.Zones.SetAsync(45, null, 46);
        await Until.TrueAsync(Soon, async () => await FaultsAsync(node, "gpu-thermal") > 3, () => "The silent zone is not counted.");
        Assert.DoesNotContain("offlm_board_temperature_celsius{zone=\"gpu-thermal\"}", await node.MetricsAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await FaultsAsync(node, "cpu-thermal"));
        Assert.InRange(await guest.Amc6821.PwmAsync(), 1, 254);

        await guest.Zones.SetAsync(null, null, null);
        await Until.TrueAsync(Soon, async () => await guest.Amc6821.PwmAsync() == 255, () => "The fan does not run at full speed.");
        await Until.TrueAsync(Soon, async () => (await node.PowerAsync()).GetProperty("pace").GetDouble() <= 0.5, () => "The pace is not halved.");
        Assert.Contains("No temperature can be read any more", await node.ProblemsAsync(), StringComparison.Ordinal);
        Assert.Equal(200, (await node.AskAsync()).Status);

        await guest.Zones.SetAsync(45, 43, 46);
        await Until.TrueAsync(Soon, async () => (await node.ProblemsAsync()).Length == 0, () => "The sensors are back, and nobody believes them.");
        await Until.TrueAsync(Soon, async () => await guest.Amc6821.PwmAsync() < 255, () => "The fan runs at full speed still.");
    }

    [Fact]
    public async Task Rails_of_a_driver_that_was_gone_are_back()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        await guest.Ina3221.UnbindAsync();
        await Until.TrueAsync(Soon, async () => await FaultsAsync(node, "VDD_IN") > 3, () => "The missing rail is not counted.");
        Assert.DoesNotContain("\nofflm_board_power_watts ", await node.MetricsAsync(), StringComparison.Ordinal);

        await guest.Ina3221.BindAsync();
        await guest.Ina3221.SetAsync(1, 5_000, 2_400);
        await Until.TrueAsync(
            Soon, async () => (await node.MetricsAsync()).Contains("offlm_board_power_watts 12\n", StringComparison.Ordinal), () => "The rail does not come back.");
    }

    /// <summary>How often a sensor could not be read.</summary>
    private static async Task<long> FaultsAsync(GuestNode node, string sensor)
    {
        var name = $"offlm_board_sensor_faults_total{{sensor=\"{sensor}\",fault=\"unreadable\"}} ";
        var line = (await node.MetricsAsync()).Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[name.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static Task ReadsAsync(GuestNode node, string zone, double celsius) => Until.TrueAsync(
        Soon,
        async () => (await node.MetricsAsync()).Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"offlm_board_temperature_celsius{{zone=\"{zone}\"}} {celsius}\n"), StringComparison.Ordinal),
        () => $"The node does not read {celsius} °C.");
}
