using System.Text.Json;

namespace OffLM.Edge.Qemu.Tests.Harness;

/// <summary>What a shell script did in the guest.</summary>
internal sealed record StepResult(string Script, int Status, string Output, string Errors)
{
    /// <summary>The output as JSON.</summary>
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    /// <summary>This result, if the script succeeded.</summary>
    public StepResult Succeeded()
    {
        Assert.True(Status == 0, $"In the guest '{Script}' ended with {Status}.\n{Output}\n{Errors}");
        return this;
    }
}
