using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests;

/// <summary>Everything in the vector files, which ethers and OpenZeppelin's merkle-tree made, comes out the same here.</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Vectors"), "*.json").Select(f => Path.GetFileName(f)!).Order()];

    [Theory, MemberData(nameof(Files))]
    public void Type_strings_and_hashes_are_the_specification_s(string file)
    {
        using var vector = Load(file);
        AssertType<Receipt>(vector);
        AssertType<ReceiptBatch>(vector);
        AssertType<Tariff>(vector);
        AssertType<Schedule>(vector);
        AssertType<Acknowledgement>(vector);
        Assert.Equal(Text(vector.RootElement, "domainSeparator"), Domain(vector).Separator.ToString());
    }

    [Theory, MemberData(nameof(Files))]
    public void Tariffs_and_schedules_hash_the_same(string file)
    {
        using var vector = Load(file);
        Assert.Equal(Text(vector.RootElement, "scheduleHash"), TypedStruct.Hash(Read<Schedule>(vector.RootElement.GetProperty("schedule"))).ToString());
        foreach (var entry in vector.RootElement.GetProperty("tariffs").EnumerateArray())
        {
            Assert.Equal(Text(entry, "structHash"), TypedStruct.Hash(Read<Tariff>(entry.GetProperty("tariff"))).ToString());
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Receipts_hash_cost_and_commit_the_same(string file)
    {
        using var vector = Load(file);
        var tariffs = Tariffs(vector);
        foreach (var entry in Batches(vector).SelectMany(b => b.GetProperty("receipts").EnumerateArray()))
        {
            var receipt = Read<Receipt>(entry.GetProperty("receipt"));
            Assert.Equal(Text(entry, "structHash"), TypedStruct.Hash(receipt).ToString());
            Assert.Equal(receipt.Fee, Fee.Of(tariffs[receipt.Tariff], receipt).Total);
            Assert.Equal(receipt.PromptCommitment, Commitment.To(Bytes32.Parse(Text(entry, "promptSalt")), Text(entry, "prompt")));
            var growing = Commitment.Begin(Bytes32.Parse(Text(entry, "completionSalt")));
            foreach (var character in Text(entry, "completion"))
            {
                growing = Keccak256.Restore(growing.Save());
                growing.Append(character.ToString());
            }

            Assert.Equal(receipt.CompletionCommitment, growing.Current());
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Trees_roots_and_proofs_are_the_same(string file)
    {
        using var vector = Load(file);
        foreach (var entry in Batches(vector))
        {
            var receipts = entry.GetProperty("receipts").EnumerateArray().ToArray();
            var leaves = receipts.Select(r => Bytes32.Parse(Text(r, "structHash"))).ToArray();
            var tree = new MerkleTree(leaves);
            Assert.Equal(Text(entry.GetProperty("batch"), "root"), tree.Root.ToString());
            for (var i = 0; i < leaves.Length; i++)
            {
                var proof = receipts[i].GetProperty("proof").EnumerateArray().Select(p => p.GetString()).ToArray();
                Assert.Equal(proof, tree.Proof(i).Select(p => p.ToString()));
                Assert.Equal(tree.Root, MerkleTree.RootOf(leaves[i], tree.Proof(i)));
            }
        }
    }

    [Theory, MemberData(nameof(Files))]
    public async Task Batches_hash_and_sign_the_same(string file)
    {
        using var vector = Load(file);
        using var key = Key(vector, "nodeKey");
        Assert.Equal(Text(vector.RootElement, "nodeAddress"), key.Address.ToString());
        var previous = Bytes32.Zero;
        foreach (var entry in Batches(vector))
        {
            var batch = Read<ReceiptBatch>(entry.GetProperty("batch"));
            Assert.Equal(previous, batch.Previous);
            previous = TypedStruct.Hash(batch);
            Assert.Equal(Text(entry, "structHash"), previous.ToString());
            var digest = Domain(vector).Digest(previous);
            Assert.Equal(Text(entry, "digest"), digest.ToString());
            var signature = await key.SignAsync(digest, default);
            Assert.Equal(Text(entry, "signature"), signature.ToString());
            Assert.Equal(batch.Node, signature.Recover(digest));
        }
    }

    [Theory, MemberData(nameof(Files))]
    public async Task Acknowledgements_hash_and_sign_the_same(string file)
    {
        using var vector = Load(file);
        using var key = Key(vector, "collectorKey");
        foreach (var entry in Batches(vector).Select(b => b.GetProperty("acknowledgement")))
        {
            var acknowledgement = new Acknowledgement
            {
                Node = Address.Parse(Text(entry, "node")),
                Batch = ulong.Parse(Text(entry, "batch")),
                BatchHash = Bytes32.Parse(Text(entry, "batchHash")),
                Verdict = (Verdict)byte.Parse(Text(entry, "verdict")),
                Reason = Text(entry, "reason"),
            };
            var hash = TypedStruct.Hash(acknowledgement);
            Assert.Equal(Text(entry, "structHash"), hash.ToString());
            Assert.Equal(Text(entry, "signature"), (await key.SignAsync(Domain(vector).Digest(hash), default)).ToString());
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Stored_and_written_forms_read_back_equal(string file)
    {
        using var vector = Load(file);
        foreach (var entry in Batches(vector))
        {
            RoundTrip(Read<ReceiptBatch>(entry.GetProperty("batch")));
            foreach (var receipt in entry.GetProperty("receipts").EnumerateArray())
            {
                RoundTrip(Read<Receipt>(receipt.GetProperty("receipt")));
            }
        }
    }

    private static void RoundTrip<T>(T value)
        where T : ITypedStruct<T>, new()
    {
        Assert.Equal(value, TypedStruct.FromBytes<T>(TypedStruct.ToBytes(value)));
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            TypedStruct.WriteJson(writer, value);
        }

        Assert.Equal(value, TypedStruct.ReadJson<T>(stream.ToArray()));
    }

    private static JsonDocument Load(string file) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static T Read<T>(JsonElement element)
        where T : ITypedStruct<T>, new() => TypedStruct.ReadJson<T>(System.Text.Encoding.UTF8.GetBytes(element.GetRawText()));

    private static IEnumerable<JsonElement> Batches(JsonDocument vector) => vector.RootElement.GetProperty("batches").EnumerateArray();

    private static Dictionary<Bytes32, Tariff> Tariffs(JsonDocument vector) => vector.RootElement.GetProperty("tariffs").EnumerateArray()
        .Select(t => Read<Tariff>(t.GetProperty("tariff"))).ToDictionary(t => TypedStruct.Hash(t));

    private static TypedDomain Domain(JsonDocument vector)
    {
        var domain = vector.RootElement.GetProperty("domain");
        return TypedDomain.Receipts(domain.GetProperty("chainId").GetUInt64(), Address.Parse(Text(domain, "verifyingContract")));
    }

    private static KeyFileKey Key(JsonDocument vector, string name) => new("vector", Hex.Decode(Text(vector.RootElement, name)));

    private static void AssertType<T>(JsonDocument vector)
        where T : ITypedStruct<T>, new()
    {
        var type = vector.RootElement.GetProperty("types").GetProperty(TypeDescription<T>.TypeString.Split('(')[0]);
        Assert.Equal(Text(type, "type"), TypeDescription<T>.TypeString);
        Assert.Equal(Text(type, "typeHash"), TypeDescription<T>.TypeHash.ToString());
    }
}
