using Google.Protobuf;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Tests.Support;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Messages;

/// <summary>Messages are read exactly, and what is wrong with them has a name.</summary>
public sealed class BatchDecoderTests
{
    private static readonly SignedMessage Sample = new TestNode("a").Next(12);

    /// <summary>What is wrong after a change, where the signed fields can still be read.</summary>
    public static TheoryData<string, Action<BatchMessage>> ContentChanges => new()
    {
        { "neither a receipt nor a leaf", m => m.Entries[0] = new Entry() },
        { "leaf has 31 bytes", m => m.Entries[0] = new Entry { Leaf = Zeros(31) } },
        { "request has 0 bytes", m => m.Entries[0].Receipt.Request = ByteString.Empty },
        { "prompt_commitment has 33 bytes", m => m.Entries[0].Receipt.PromptCommitment = Zeros(33) },
        { "model_word is word 99", m => m.Entries[0].Receipt.ModelWord = 99 },
        { "payer_word has 32 bytes", m => m.Entries[0].Receipt.PayerWord = m.Entries[0].Receipt.ModelWord },
        { "model_word has 20 bytes", m => m.Entries[0].Receipt.ModelWord = m.Entries[0].Receipt.PayerWord },
        { "outcome has 256", m => m.Entries[0].Receipt.Outcome = 256 },
        { "energy_source has 1000", m => m.Entries[0].Receipt.EnergySource = 1000 },
        { "fee begins with a zero byte", m => m.Entries[0].Receipt.Fee = ByteString.CopyFrom(0, 1) },
        { "fee has 17 bytes", m => m.Entries[0].Receipt.Fee = ByteString.CopyFrom([.. Enumerable.Repeat((byte)1, 17)]) },
        { "percent has 65536", m => m.Tariffs[0].Percent = 65536 },
        { "given twice", m => m.Tariffs.Add(m.Tariffs[0].Clone()) },
        { "257 schedules", m => m.Schedules.AddRange(Enumerable.Range(0, 256).Select(i => new ScheduleMessage { Burn = (uint)i })) },
        { "A word has 19 bytes", m => m.Words.Add(Zeros(19)) },
        { "words; at most", m => m.Words.AddRange(Enumerable.Repeat(Zeros(20), 5000)) },
    };

    /// <summary>What is wrong after a change that leaves nobody to answer.</summary>
    public static TheoryData<string, Action<BatchMessage>> HeaderChanges => new()
    {
        { "node has 0 bytes", m => m.Node = ByteString.Empty },
        { "verifying_contract has 32 bytes", m => m.VerifyingContract = Zeros(32) },
        { "previous has 31 bytes", m => m.Previous = Zeros(31) },
        { "root has 0 bytes", m => m.Root = ByteString.Empty },
        { "clock has 256", m => m.Clock = 256 },
        { "key_class has 4000000000", m => m.KeyClass = 4_000_000_000 },
        { "both count from 1", m => m.Batch = 0 },
        { "both count from 1", m => m.FirstSequence = 0 },
        { "batch has 9223372036854775808", m => m.Batch = 1ul << 63 },
        { "the sequence after the batch", m => m.FirstSequence = long.MaxValue },
        { "0 entries", m => m.Entries.Clear() },
        { "257 entries", m => m.Entries.AddRange(Enumerable.Repeat(m.Entries[0], 245)) },
        { "65 bytes that end in 27 or 28", m => m.Signature = Zeros(65) },
        { "65 bytes that end in 27 or 28", m => m.Signature = Zeros(64) },
        { "262144 are allowed", m => m.Entries[0].Receipt.Request = Zeros(300_000) },
    };

    [Fact]
    public void A_message_gives_back_what_it_was_made_of()
    {
        var decoded = BatchDecoder.Decode(Sample.Bytes);
        Assert.Null(decoded.Problem);
        Assert.Equal(Sample.Batch, decoded.Header!.Batch);
        Assert.Equal(Sample.Hash, decoded.Header.Hash);
        Assert.True(decoded.Header.IsSignedByItsNode());
        Assert.Equal(
            Sample.Receipts.Select(r => r.IsOwnUse ? ((Edge.Metering.Receipts.Receipt?)null, TypedStruct.Hash(r)) : (r, default(Edge.Signing.Bytes32))),
            decoded.Content!.Entries.Select(e => (e.Receipt, e.Leaf)));
        Assert.Equal([Prices.Paid], decoded.Content.Tariffs.Values);
        Assert.Equal([Prices.Schedule], decoded.Content.Schedules.Values);
    }

    [Theory]
    [InlineData(0ul, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, 0ul)]
    [InlineData(5ul, 7ul)]
    [InlineData(1ul, (1ul << 63) + 1)]
    public void A_clock_that_was_wrong_by_years_is_read_back(ulong closedAt, ulong startedAt)
    {
        var node = new TestNode("a");
        var message = node.Sign(node.Serve(1, r => r with { StartedAt = startedAt }), b => b with { ClosedAt = closedAt });
        Assert.Equal(startedAt, BatchDecoder.Decode(message.Bytes).Content!.Entries[0].Receipt!.StartedAt);
    }

    [Theory, MemberData(nameof(ContentChanges))]
    public void Content_that_breaks_the_contract_is_named_and_its_sender_known(string problem, Action<BatchMessage> change)
    {
        var decoded = BatchDecoder.Decode(Sample.Tampered(change));
        Assert.Contains(problem, decoded.Problem, StringComparison.Ordinal);
        Assert.Null(decoded.Content);
        Assert.Equal(Sample.Hash, decoded.Header!.Hash);
    }

    [Theory, MemberData(nameof(HeaderChanges))]
    public void What_was_signed_and_breaks_the_contract_is_named(string problem, Action<BatchMessage> change)
    {
        var decoded = BatchDecoder.Decode(Sample.Tampered(change));
        Assert.Contains(problem, decoded.Problem, StringComparison.Ordinal);
        Assert.Null(decoded.Header);
    }

    [Fact]
    public void No_bytes_make_it_throw()
    {
        var random = new Random(1);
        var original = Sample.Bytes;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Mutate(original, random);
            var decoded = BatchDecoder.Decode(bytes);
            Assert.Equal(decoded.Content is null, decoded.Problem is not null);
            if (decoded.Content is not null)
            {
                Assert.NotNull(decoded.Header);
                _ = new Fleet.Verification.ContentCheck(Edge.Signing.TypedDomain.TestNetwork).Check(decoded.Header, decoded);
            }
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(40), bytes.Count - at));
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(40), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }

    private static ByteString Zeros(int count) => ByteString.CopyFrom(new byte[count]);
}
