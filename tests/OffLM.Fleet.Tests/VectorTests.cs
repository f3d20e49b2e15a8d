using System.Text.Json;
using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests;

/// <summary>The chains that ethers signed settle here, and the collector's answers are those that ethers signed.</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Select(f => Path.GetFileName(f)!).Order()];

    [Theory, MemberData(nameof(Files))]
    public void Batches_that_ethers_signed_settle(string file)
    {
        using var vector = Load(file);
        using var book = new TestBook();
        foreach (var message in Messages(vector.RootElement))
        {
            var answers = book.Take(message.Bytes, message.Topic);
            Assert.True(book.IsSigned(answers[0]));
            TestBook.Settled(answers);
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Answers_are_signed_as_ethers_signs_them(string file)
    {
        using var vector = Load(file);
        using var key = new KeyFileKey("vector", Hex.Decode(Text(vector.RootElement, "collectorKey")));
        var notary = new Fleet.Store.Notary(key);
        foreach (var batch in vector.RootElement.GetProperty("batches").EnumerateArray())
        {
            var expected = batch.GetProperty("acknowledgement");
            var acknowledgement = new Acknowledgement
            {
                Node = Address.Parse(Text(expected, "node")),
                Batch = ulong.Parse(Text(expected, "batch")),
                BatchHash = Bytes32.Parse(Text(expected, "batchHash")),
                Verdict = (Verdict)byte.Parse(Text(expected, "verdict")),
                Reason = Text(expected, "reason"),
            };
            Assert.Equal(Text(expected, "signature"), notary.Sign(acknowledgement, TypedDomain.TestNetwork).ToString());
        }
    }

    internal static IEnumerable<SignedMessage> Messages(JsonElement vector)
    {
        var tariffs = vector.GetProperty("tariffs").EnumerateArray().Select(t => Read<Tariff>(t.GetProperty("tariff"))).ToList();
        var schedule = Read<Schedule>(vector.GetProperty("schedule"));
        foreach (var entry in vector.GetProperty("batches").EnumerateArray())
        {
            var batch = Read<ReceiptBatch>(entry.GetProperty("batch"));
            var receipts = entry.GetProperty("receipts").EnumerateArray().Select(r => Read<Receipt>(r.GetProperty("receipt"))).ToList();
            Assert.True(RecoverableSignature.TryParse(Text(entry, "signature"), out var signature));
            yield return new(batch, receipts, MessageEncoder.Encode(
                TypedDomain.TestNetwork, batch, signature, receipts.Select(r => ((Receipt?)r, default(Bytes32))), tariffs, [schedule]));
        }
    }

    internal static JsonDocument Load(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static T Read<T>(JsonElement element)
        where T : ITypedStruct<T>, new() => TypedStruct.ReadJson<T>(System.Text.Encoding.UTF8.GetBytes(element.GetRawText()));
}
