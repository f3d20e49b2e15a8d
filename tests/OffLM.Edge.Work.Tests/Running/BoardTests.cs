using OffLM.Edge.Board;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Work.Tests.Running;

public sealed class BoardTests : IDisposable
{
    private const string Temperature = "/sys/class/thermal/thermal_zone0/temp";
    private const string Current = "/sys/class/hwmon/hwmon0/curr1_input";

    private readonly DirectoryInfo _tree = Directory.CreateTempSubdirectory("offlm-tree-");

    public BoardTests()
    {
        Put("/proc/device-tree/compatible", "nvidia,p3767-0005\0");
        Put("/sys/class/thermal/thermal_zone0/type", "tj-thermal");
        Put(Temperature, "45000");
        Put("/sys/class/hwmon/hwmon0/name", "ina3221");
        Put("/sys/class/hwmon/hwmon0/in1_label", "VDD_IN");
        Put("/sys/class/hwmon/hwmon0/in1_input", "5000");
        Put(Current, "5000");
    }

    [Fact]
    public async Task A_receipt_has_its_joules_and_where_they_were_measured()
    {
        await using var node = await StartAsync(new() { Sysfs = _tree.FullName });

        var (_, completed) = await node.AnswerAsync(Caller.Household, TestNode.Request(maxTokens: 64));

        Assert.Equal(EnergySource.PowerRail, completed.Receipt.EnergySource);

        // A busy machine samples late, at worst after a second, and the sample is the answer's that ran alone.
        Assert.InRange(completed.Receipt.EnergyMicrojoules, 1UL, (ulong)(25 * (completed.Total.TotalSeconds + 1.1) * 1e6));
        Assert.Equal(completed.Receipt.EnergyMicrojoules, node.Find(completed.Receipt.Request)!.EnergyMicrojoules);
        Assert.InRange(completed.Receipt.EnergyMicrojoules / 1e6, 0, node.Node.BoardStatus()!.AttributedJoules + 0.001);
    }

    [Fact]
    public async Task On_a_simulated_board_a_receipt_says_that_its_joules_are_simulated()
    {
        await using var node = await StartAsync(new() { Name = "simulated" });

        var (_, completed) = await node.AnswerAsync(Caller.Household, TestNode.Request());

        Assert.Equal(EnergySource.Simulated, completed.Receipt.EnergySource);
        Assert.True(node.Node.BoardStatus()!.Now.Simulated);
    }

    [Fact]
    public async Task A_machine_without_sensors_measures_nothing_and_answers_as_ever()
    {
        _tree.Delete(recursive: true);
        _tree.Create();
        await using var node = await StartAsync(new() { Sysfs = _tree.FullName });

        var (text, completed) = await node.AnswerAsync(Caller.Household, TestNode.Request());

        Assert.NotEmpty(text);
        Assert.Equal((0UL, EnergySource.NotMeasured), (completed.Receipt.EnergyMicrojoules, completed.Receipt.EnergySource));
    }

    [Fact]
    public async Task A_board_that_is_too_hot_refuses_with_the_reason_and_takes_requests_again_when_it_is_cool()
    {
        await using var node = await StartAsync(new() { Sysfs = _tree.FullName });
        Put(Temperature, "99500");
        await TestNode.UntilAsync(() => node.Node.BoardStatus()!.Refusal is not null, "the heat to be noticed");

        var refused = await Assert.ThrowsAsync<RefusedException>(() => node.Node.AskAsync(Caller.Household, TestNode.Request(), CancellationToken.None));
        Assert.Equal(RefusalReason.TooHot, refused.Reason);
        Assert.Equal(TimeSpan.FromSeconds(30), refused.RetryAfter);
        Assert.Contains(node.Node.Status().Problems, p => p.Contains("too hot", StringComparison.Ordinal));

        Put(Temperature, "60000");
        await TestNode.UntilAsync(() => node.Node.BoardStatus()!.Refusal is null, "the board to have cooled down");
        Assert.NotEmpty((await node.AnswerAsync(Caller.Household, TestNode.Request())).Text);
    }

    public void Dispose() => _tree.Delete(recursive: true);

    private static Task<TestNode> StartAsync(BoardOptions board) => TestNode.StartAsync(options => options with { Board = board });

    private void Put(string path, string value)
    {
        var file = _tree.FullName + path;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, value + "\n");
    }
}
