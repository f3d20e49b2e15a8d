namespace OffLM.Edge.Qemu.Tests;

/// <summary>The fan of a Jetson: the node with the board file that it ships with and the kernel's pwm-fan driver.</summary>
[Collection(GuestCollection.Name)]
public sealed class JetsonFanTests(Guest guest) : IAsyncLifetime
{
    private const string Board = "jetson-orin-nano";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly PwmFan _fan = guest.PwmFan;

    public Task InitializeAsync() => guest.ResetAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_fan_follows_the_heat_and_turns_on_after_the_node()
    {
        await guest.Zones.SetAsync(60, 60, 60);
        await using var node = await GuestNode.StartAsync(guest, Board);
        await DutyBecomesAsync(d => d < 0.25, "slow while it is cool");

        await guest.Zones.SetAsync(79, 51, 79);
        await DutyBecomesAsync(d => d > 0.5, "faster in the heat");

        await guest.Zones.SetAsync(46, 45, 46);
        await DutyBecomesAsync(d => d < 0.3, "slower when it is cool again");

        Assert.Equal(0, await node.EndAsync("TERM"));
        Assert.InRange(await _fan.DutyAsync(), 0.59, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Wherever_the_drivers_switch_was_a_killed_nodes_fan_turns_on_after_release(int before)
    {
        await guest.Zones.SetAsync(79, 60, 79);
        await _fan.SwitchAsync(before);
        await using var node = await GuestNode.StartAsync(guest, Board);
        await DutyBecomesAsync(d => d > 0.3, "turning in the heat");
        await guest.Zones.SetAsync(46, 45, 46);
        await DutyBecomesAsync(d => d is > 0.1 and < 0.25, "slow while it is cool");
        await node.EndAsync("KILL");

        await guest.ReadAsync($"offlm-edge board release --state {GuestNode.State}");

        Assert.InRange(await _fan.DutyAsync(), 0.59, 1);
        Assert.Equal(before == 0 ? 1 : before, await _fan.SwitchAsync());
    }

    [Fact]
    public async Task Another_program_that_sets_the_fan_is_left_alone()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        await Until.TrueAsync(
            Soon,
            async () =>
            {
                await _fan.SetAsync(111);
                return (await node.ProblemsAsync()).Contains("Another program controls the fan", StringComparison.Ordinal);
            },
            () => "The other program is not noticed.");

        await _fan.SetAsync(111);
        await guest.Zones.SetAsync(81, 81, 81);
        await Until.TrueAsync(Soon, async () => (await node.PowerAsync()).GetProperty("pace").GetDouble() < 1, () => "The heat is not noticed.");
        Assert.InRange(await _fan.DutyAsync(), 0.42, 0.45);
    }

    private async Task DutyBecomesAsync(Func<double, bool> condition, string what)
    {
        var duty = 0.0;
        await Until.TrueAsync(Soon, async () => condition(duty = await _fan.DutyAsync()), () => $"The fan is not {what}: the output is on for {duty:P0} of the time.");
    }
}
