using System.Text.Json;
using Google.Protobuf;
using OffLM.Edge.Network.Verdicts;
using OffLM.Edge.Signing;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Tests.Verdicts;

public sealed class SignedVerdictTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Select(f => Path.GetFileName(f)!).Order()];

    [Theory, MemberData(nameof(Files))]
    public void M19_The_collector_of_the_vectors_is_recovered_for_its_own_network_and_no_other(string file)
    {
        using var vector = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));
        var collector = Address.Parse(vector.RootElement.GetProperty("collectorAddress").GetString());
        var domain = vector.RootElement.GetProperty("domain");
        var network = TypedDomain.Receipts(domain.GetProperty("chainId").GetUInt64(), Address.Parse(domain.GetProperty("verifyingContract").GetString()));
        foreach (var entry in vector.RootElement.GetProperty("batches").EnumerateArray().Select(b => b.GetProperty("acknowledgement")))
        {
            var verdict = SignedVerdict.Read(Message(entry).ToByteArray(), out _);

            Assert.NotNull(verdict);
            Assert.Equal(collector, verdict.Signer(network));
            Assert.NotEqual(collector, verdict.Signer(TypedDomain.Receipts(network.ChainId + 1, network.VerifyingContract)));
            Assert.Equal(entry.GetProperty("reason").GetString(), verdict.Acknowledgement.Reason);
        }
    }

    [Fact]
    public void M28_Any_bytes_are_answered_with_what_is_wrong_and_never_with_an_exception()
    {
        var random = new Random(20261121);
        var whole = Good().ToByteArray();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = round % 2 == 0 ? new byte[random.Next(200)] : (byte[])whole.Clone();
            if (round % 2 == 0)
            {
                random.NextBytes(bytes);
            }
            else
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                bytes = bytes[..random.Next(bytes.Length + 1)];
            }

            var verdict = SignedVerdict.Read(bytes, out var problem);

            Assert.Equal(verdict is null, problem is not null);
        }
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "node", "the node's address has 19 bytes" },
        { "hash", "the batch's hash has 0 bytes" },
        { "batch", "there can be no batch 0" },
        { "far", "there can be no batch 9223372036854775808" },
        { "verdict", "there is no verdict 3" },
        { "signature", "the signature is not 65 bytes" },
        { "recovery", "the signature is not 65 bytes" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void What_no_collector_writes_is_called_by_its_name(string what, string problem)
    {
        var message = Good();
        switch (what)
        {
            case "node":
                message.Node = ByteString.CopyFrom(new byte[19]);
                break;
            case "hash":
                message.BatchHash = ByteString.Empty;
                break;
            case "batch":
                message.Batch = 0;
                break;
            case "far":
                message.Batch = (ulong)long.MaxValue + 1;
                break;
            case "verdict":
                message.Verdict = 3;
                break;
            case "signature":
                message.Signature = ByteString.CopyFrom(new byte[64]);
                break;
            default:
                message.Signature = ByteString.CopyFrom([.. new byte[64], 29]);
                break;
        }

        Assert.Null(SignedVerdict.Read(message.ToByteArray(), out var said));
        Assert.StartsWith(problem, said);
    }

    private static AcknowledgementMessage Good() => new()
    {
        Node = ByteString.CopyFrom(new byte[20]),
        Batch = 7,
        BatchHash = ByteString.CopyFrom(new byte[32]),
        Verdict = 2,
        Reason = "the tariff is not known",
        Signature = ByteString.CopyFrom([.. new byte[64], 27]),
        LastSequence = 99,
    };

    private static AcknowledgementMessage Message(JsonElement entry) => new()
    {
        Node = ByteString.CopyFrom(Hex.Decode(entry.GetProperty("node").GetString()!)),
        Batch = ulong.Parse(entry.GetProperty("batch").GetString()!),
        BatchHash = ByteString.CopyFrom(Hex.Decode(entry.GetProperty("batchHash").GetString()!)),
        Verdict = uint.Parse(entry.GetProperty("verdict").GetString()!),
        Reason = entry.GetProperty("reason").GetString(),
        Signature = ByteString.CopyFrom(Hex.Decode(entry.GetProperty("signature").GetString()!)),
    };
}
