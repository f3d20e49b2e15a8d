using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Tests.Serving;

/// <summary>The official client libraries, unchanged, against a node.</summary>
[Collection(SharedNodeTests.Name)]
public sealed class OfficialClientTests(SharedNode shared)
{
    [Theory]
    [InlineData("openai-client.mjs")]
    [InlineData("ollama-client.mjs")]
    public async Task An_official_client_works_unchanged(string script)
    {
        var (_, key) = shared.Node.Node.Keys.Add(new ApiKey { Id = "", Name = script, Scope = Scope.Use, CreatedAt = default });
        var (exitCode, output) = await NodeScript.RunAsync(script, shared.Node.Address.ToString().TrimEnd('/'), key);

        Assert.True(exitCode == 0, output);
    }
}
