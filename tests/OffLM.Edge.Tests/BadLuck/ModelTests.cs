using System.Net;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>Model files that are not what their manifest says.</summary>
public sealed class ModelTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    private string Weights => Path.Combine(State, "models", "starter", "model.onnx.data");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_truncated_model_file_is_named_and_no_answer_comes_from_it()
    {
        await PutModelAsync();
        using (var file = new FileStream(Weights, FileMode.Open))
        {
            file.SetLength(file.Length / 2);
        }

        await AssertRefusedAsync();
    }

    [Fact]
    public async Task A_model_file_with_a_wrong_digest_is_named_and_no_answer_comes_from_it()
    {
        await PutModelAsync();
        var bytes = await File.ReadAllBytesAsync(Weights);
        bytes[bytes.Length / 3] ^= 1;
        await File.WriteAllBytesAsync(Weights, bytes);

        await AssertRefusedAsync();
    }

    private async Task PutModelAsync()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        Assert.Equal(0, await node.StopAsync());
    }

    private async Task AssertRefusedAsync()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });

        var refused = (await node.Http.PostAsync(Api.ChatPath, Api.Chat())).Is(HttpStatusCode.ServiceUnavailable);
        var ollama = (await node.Http.PostAsync("/api/chat", Api.Chat())).Is(HttpStatusCode.ServiceUnavailable);

        Assert.Equal("model_damaged", refused.Code);
        Assert.StartsWith("The model starter is damaged: its file model.onnx.data", refused.Error);
        Assert.Contains("offlm-edge model verify", refused.Error);
        Assert.Equal(refused.Error, ollama.Json.GetProperty("error").GetString());
        Assert.DoesNotContain(State, refused.Error);
        await Until.TrueAsync(TimeSpan.FromSeconds(20), () => node.Log.Contains(Path.GetDirectoryName(Weights)!, StringComparison.Ordinal), "The log doesn't say where the model is.");
        var verified = await Command.EdgeAsync(State, "model", "verify", "starter");
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("model.onnx.data", verified.Error);
        Assert.Equal((0ul, 0), (LedgerFile.Summary(State).Receipts, LedgerFile.Summary(State).Holds));
        Assert.Equal(0, await node.StopAsync());
    }
}
