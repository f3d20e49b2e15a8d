using System.Text.Json.Nodes;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Metering.Tests;

/// <summary>A stranger who has only ethers and OpenZeppelin's merkle-tree comes to the same verdict.</summary>
public sealed class StrangerTests
{
    [Fact]
    public async Task Public_tools_verify_every_kind_of_export()
    {
        using var sample = await SampleLedger.CreateAsync(5, 1, 12);
        using var reader = sample.Ledger.Read();
        Assert.Contains("3 batches, 18 receipts disclosed", await VerifiedAsync(sample, new()));
        Assert.Contains("3 batches, 12 receipts disclosed", await VerifiedAsync(sample, new() { Disclosure = Disclosure.WithoutOwnUse }));
        Assert.Contains("1 batches, 1 receipts disclosed", await VerifiedAsync(sample, new() { Request = reader.Find(8)!.Request }));
        Assert.Contains("2 batches, 13 receipts disclosed", await VerifiedAsync(sample, new() { FromBatch = 2 }));
    }

    [Fact]
    public async Task Public_tools_refuse_a_tampered_export()
    {
        using var sample = await SampleLedger.CreateAsync(5, 4);
        var document = (await sample.ExportAsync()).Document;
        await AssertRefusedAsync(sample, document, "the root", json => json["batches"]![1]!["receipts"]![0]!["energyMicrojoules"] = "1");
        await AssertRefusedAsync(sample, document, "was signed by", json => json["batches"]![1]!["batch"]!["boot"] = "9");
        await AssertRefusedAsync(sample, document, "was signed by", json => json["domain"]!["chainId"] = 1);
        await AssertRefusedAsync(sample, document, "it says", json => json["batches"]![0]!["receipts"]!.AsArray().RemoveAt(2));
    }

    private static async Task<string> VerifiedAsync(SampleLedger sample, ExportOptions options)
    {
        var path = sample.File("export.json");
        await File.WriteAllBytesAsync(path, (await sample.ExportAsync(options)).Document);
        var (exitCode, output) = await NodeScript.RunAsync("verify-export.mjs", path);
        Assert.True(exitCode == 0, output);
        return output;
    }

    private static async Task AssertRefusedAsync(SampleLedger sample, byte[] document, string why, Action<JsonNode> tamper)
    {
        var json = JsonNode.Parse(document)!;
        tamper(json);
        var path = sample.File("tampered.json");
        await File.WriteAllTextAsync(path, json.ToJsonString());
        var (exitCode, output) = await NodeScript.RunAsync("verify-export.mjs", path);
        Assert.Equal(1, exitCode);
        Assert.Contains("Does not hold", output);
        Assert.Contains(why, output);
    }
}
