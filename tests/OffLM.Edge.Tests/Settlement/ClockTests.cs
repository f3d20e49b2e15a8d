using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A box without a battery for its clock, on which a year is as good as another.</summary>
public sealed class ClockTests
{
    [Theory]
    [InlineData("-3650d")]
    [InlineData("+3650d")]
    public async Task A_clock_that_is_ten_years_wrong_for_a_while_settles_as_any_other(string off)
    {
        await using var fleet = await SettlingFleet.StartAsync();
        await fleet.AskAsync(2);
        await fleet.ClosedAsync();
        await fleet.StopNodeAsync();

        fleet.Settings["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        await fleet.StartNodeAsync("faketime", "-f", off);
        await fleet.AskAsync(2);
        await fleet.ClosedAsync();
        var time = (await fleet.Node.StatusAsync()).GetProperty("time").GetDateTimeOffset();
        Assert.True((time - DateTimeOffset.UtcNow).Duration() > TimeSpan.FromDays(3000), $"The node's clock is right: {time}.");
        await fleet.StopNodeAsync();

        await fleet.StartNodeAsync();
        await fleet.AskAsync(2);
        Assert.Equal(6ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }
}
