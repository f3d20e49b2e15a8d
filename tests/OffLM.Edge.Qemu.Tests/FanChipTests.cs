namespace OffLM.Edge.Qemu.Tests;

/// <summary>A fan chip that controls the fan by itself until a program takes it: the node with the kernel's amc6821 driver.</summary>
[Collection(GuestCollection.Name)]
public sealed class FanChipTests(Guest guest) : IAsyncLifetime
{
    private const string Board = "/boards/amc6821.json";

    /// <summary>Share of full speed that the board file has for the least, of 255.</summary>
    private const int Least = 51;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private readonly Amc6821 _chip = guest.Amc6821;

    public Task InitializeAsync() => guest.ResetAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_fan_follows_the_heat_and_is_the_chips_again_after_an_orderly_end()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        Assert.Equal(Amc6821.Control.Program, await _chip.ControlAsync());
        await PwmBecomesAsync(p => p == Least, "at its least while it is cool");

        await guest.Zones.SetAsync(79, 51, 79);
        await PwmBecomesAsync(p => p > 2 * Least, "faster in the heat");

        await guest.Zones.SetAsync(46, 45, 46);
        await PwmBecomesAsync(p => p < 1.5 * Least, "slower when it is cool again");

        Assert.Equal(0, await node.EndAsync("TERM"));
        Assert.Equal(Amc6821.Control.RemoteSensor, await _chip.ControlAsync());
        Assert.NotEqual(0, (await guest.RunAsync($"ls {GuestNode.State}/board.json")).Status);
    }

    [Fact]
    public async Task After_a_kill_release_gives_the_fan_back_to_its_chip()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        await PwmBecomesAsync(p => p == Least, "at its least while it is cool");
        Assert.Contains("controls the board", (await guest.RunAsync($"offlm-edge board release --state {GuestNode.State}")).Errors, StringComparison.Ordinal);

        await node.EndAsync("KILL");
        Assert.Equal(Amc6821.Control.Program, await _chip.ControlAsync());

        Assert.StartsWith("The fan is the system's again", await guest.ReadAsync($"offlm-edge board release --state {GuestNode.State}"), StringComparison.Ordinal);
        Assert.Equal(Amc6821.Control.RemoteSensor, await _chip.ControlAsync());
        Assert.InRange(await _chip.PwmAsync(), 153, 255);
    }

    [Fact]
    public async Task A_fan_that_does_not_turn_is_pushed_and_said()
    {
        await guest.Zones.SetAsync(71, 51, 71);
        await using var node = await GuestNode.StartAsync(guest, Board);
        Assert.DoesNotContain("does not turn", await node.ProblemsAsync(), StringComparison.Ordinal);

        await _chip.SpinAsync(0);
        await PwmBecomesAsync(p => p == 255, "pushed");
        Assert.Contains("does not turn", await node.ProblemsAsync(), StringComparison.Ordinal);

        await _chip.SpinAsync(3000);
        await Until.TrueAsync(Soon, async () => !(await node.ProblemsAsync()).Contains("does not turn", StringComparison.Ordinal), () => "The fan turns, and nobody believes it.");
    }

    [Fact]
    public async Task A_fan_whose_driver_was_gone_is_driven_again()
    {
        await using var node = await GuestNode.StartAsync(guest, Board);
        await _chip.UnbindAsync();
        await guest.Zones.SetAsync(79, 51, 79);
        await Until.TrueAsync(Soon, async () => (await node.ProblemsAsync()).Contains("can't be controlled", StringComparison.Ordinal), () => "Nobody says that the fan is gone.");

        await _chip.BindAsync();
        await PwmBecomesAsync(p => p > 2 * Least, "driven again");
        Assert.Equal(Amc6821.Control.Program, await _chip.ControlAsync());
        Assert.DoesNotContain("can't be controlled", await node.ProblemsAsync(), StringComparison.Ordinal);
    }

    private async Task PwmBecomesAsync(Func<int, bool> condition, string what)
    {
        var pwm = 0;
        await Until.TrueAsync(Soon, async () => condition(pwm = await _chip.PwmAsync()), () => $"The fan is not {what}: the chip has {pwm}.");
    }
}
