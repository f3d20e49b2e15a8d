using System.Text;
using System.Text.Json;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Commands;

/// <summary><c>bench</c> as an owner types it.</summary>
public sealed class BenchCommandTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task It_measures_while_no_node_runs_and_says_so_while_one_does()
    {
        string address;
        await using (var node = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await HasKeyAsync();
            var refused = await Command.EdgeAsync(State, "bench");
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains($"A node runs on {State}; it has the processors", refused.Error, StringComparison.Ordinal);
            Assert.Contains("systemctl stop offlm-edge", refused.Error, StringComparison.Ordinal);
            address = (await Command.EdgeAsync(State, "key", "show", "--json")).Succeeded().Json.GetProperty("address").GetString()!;
        }

        var table = (await Command.EdgeAsync(State, "bench", "--rounds", "1", "--batches", "1,4")).Succeeded();
        Assert.Contains("ANSWERS  PREFILL tok/s  DECODE tok/s", table.Output, StringComparison.Ordinal);
        Assert.Contains("4 answers at a time, round 1 of 1", table.Error, StringComparison.Ordinal);

        var file = _scratch["report.json"];
        var measured = (await Command.EdgeAsync(State, "bench", "--json", "--rounds", "1", "--batches", "2", "--soak", "1s", "--report", file, "--board", "simulated")).Succeeded();
        Assert.Equal("onnxruntime-direct", measured.Json.GetProperty("engine").GetString());
        Assert.True(measured.Json.GetProperty("prefill")[0].GetProperty("tokensPerSecond").GetDouble() > 0);
        Assert.Equal(2, measured.Json.GetProperty("decode")[0].GetProperty("batch").GetInt32());
        Assert.Equal("simulated", measured.Json.GetProperty("energySource").GetString());
        AssertSigned(await File.ReadAllTextAsync(file), Address.Parse(address));
    }

    [Fact]
    public async Task It_computes_on_the_providers_that_a_node_would_and_says_why_not()
    {
        await using (await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
        }

        var environment = new Dictionary<string, string> { ["OFFLM_STATE"] = State, ["OFFLM_INFERENCE_PROVIDERS"] = "CUDA" };
        var result = (await Command.RunAsync(PublishedProgram.Binary, ["bench", "starter", "--rounds", "1", "--batches", "1"], environment)).Succeeded();

        Assert.Contains("bench: CUDA can't be used, CPU computes instead: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--batches is 'none'", "--batches", "none")]
    [InlineData("--batches is '1,0'", "--batches", "1,0")]
    [InlineData("--soak is 'long'", "--soak", "long")]
    public async Task Wrong_usage_is_explained_with_exit_code_2(string message, params string[] arguments)
    {
        var result = await Command.EdgeAsync(State, ["bench", .. arguments]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_key_no_report_is_begun()
    {
        var result = await Command.EdgeAsync(State, "bench", "--report", _scratch["report.json"]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("There is no key", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["report.json"]));
    }

    [Fact]
    public async Task A_signal_ends_it_and_leaves_nothing_behind()
    {
        await using (await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await HasKeyAsync();
        }

        var start = Command.Prepare(PublishedProgram.Binary, ["bench", "--soak", "1h", "--report", _scratch["report.json"]], new Dictionary<string, string> { ["OFFLM_STATE"] = State });
        using var process = System.Diagnostics.Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await process.StandardError.ReadLineAsync(deadline.Token) is { } line && !line.Contains("3600 s of", StringComparison.Ordinal))
        {
        }

        Libc.Kill(process.Id, Libc.Sigterm);
        var rest = await process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("Stopped; nothing was written.", rest, StringComparison.Ordinal);
        Assert.False(File.Exists(_scratch["report.json"]));
    }

    /// <summary>A node makes its key while it answers already.</summary>
    private Task HasKeyAsync() =>
        Until.TrueAsync(TimeSpan.FromSeconds(60), () => File.Exists(Path.Combine(State, "keys", "node.json")), "The node makes no key.");

    private static void AssertSigned(string document, Address node)
    {
        using var json = JsonDocument.Parse(document);
        var signed = TypedStruct.ReadJson<HardwareReport>(Encoding.UTF8.GetBytes(json.RootElement.GetProperty("signed").GetRawText()));
        var report = json.RootElement.GetProperty("report");
        Assert.Equal(node, signed.Node);
        Assert.Equal(HardwareReport.HashOf(Encoding.UTF8.GetBytes(report.GetRawText())), signed.Report);
        var digest = TypedDomain.TestNetwork.Digest(TypedStruct.Hash(signed));
        Assert.Equal(node, Signature(json.RootElement.GetProperty("signature").GetString()!).Recover(digest));
        Assert.True(report.GetProperty("memoryBytes").GetInt64() > 0);
        Assert.Equal(1, report.GetProperty("soak").GetProperty("seconds").GetDouble(), 20.0);
        Assert.NotEmpty(report.GetProperty("soak").GetProperty("zones").EnumerateArray());
    }

    private static RecoverableSignature Signature(string text) =>
        RecoverableSignature.TryParse(text, out var signature) ? signature : throw new FormatException(text);
}
