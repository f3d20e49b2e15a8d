using System.Text;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Network.Tests.Support;
using OffLM.Edge.Network.Tests.Wire;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.ModelForge;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Tests;

/// <summary>What is on the wire, searched for everything that must not be there.</summary>
public sealed class PrivacyTests
{
    private const string Prompt = "a secret about the garden gnome";
    private const string KeyName = "Anna-from-next-door";

    private static readonly Address Payer = Address.Parse("0x00000000000000000000000000000000000000aa");

    [Fact]
    public async Task M15_Of_own_use_only_hashes_leave_and_of_nobody_a_word_a_name_or_a_salt()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await StartAsync(broker.Uri, OwnUse.Leaf);
        var own = await AskAsync(node, Caller.Household);
        var paid = await AskAsync(node, Paying(node));
        await node.Node.SealAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => tap.On(node.Topics.ReceiptBatch).Any() && tap.On(node.Topics.Telemetry).Any());

        foreach (var (text, completed) in (IEnumerable<(string, CompletedAnswer)>)[own, paid])
        {
            AssertUnheard(tap, Encoding.UTF8.GetBytes(Prompt), "the prompt");
            AssertUnheard(tap, Encoding.UTF8.GetBytes(text), "the answer");
            AssertUnheard(tap, completed.Salts.Prompt.AsSpan(), "the prompt's salt");
            AssertUnheard(tap, completed.Salts.Completion.AsSpan(), "the answer's salt");
            AssertUnheard(tap, completed.Salts.Execution.AsSpan(), "the replay record's salt");
        }

        AssertUnheard(tap, Encoding.UTF8.GetBytes(KeyName), "the key's name");
        AssertUnheard(tap, Encoding.UTF8.GetBytes(node.Node.Keys.List()[0].Id), "the key's id");
        AssertUnheard(tap, "tiny"u8, "the model's name");
        AssertUnheard(tap, own.Completed.Receipt.Request.AsSpan(), "the name of a receipt of own use");
        AssertUnheard(tap, own.Completed.Receipt.PromptCommitment.AsSpan(), "a commitment of own use");
        AssertUnheard(tap, own.Completed.Receipt.Execution.AsSpan(), "a commitment of own use");
        Assert.NotEmpty(tap.Mentioning(paid.Completed.Receipt.Request.AsSpan()));

        var batch = BatchDecoder.Parse(tap.On(node.Topics.ReceiptBatch).First().Payload.Span);
        Assert.True(batch.IsProven);
        Assert.Equal([null, paid.Completed.Receipt], batch.Receipts);
    }

    [Fact]
    public async Task M11_Telemetry_counts_what_was_served_to_others_and_not_the_household()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await StartAsync(broker.Uri, OwnUse.Leaf);
        await AskAsync(node, Caller.Household);
        var (_, paid) = await AskAsync(node, Paying(node));
        await Assert.ThrowsAsync<RefusedException>(() => node.Node.AskAsync(Caller.Household, Request() with { Model = "nosuch" }, CancellationToken.None));

        await Eventually.HoldsAsync(() => Totals(tap, node).Requests > 0);

        var totals = Totals(tap, node);
        Assert.Equal((1ul, paid.Receipt.PromptTokens, paid.Receipt.CompletionTokens, 0ul), (totals.Requests, totals.Prompt, totals.Completion, totals.Refused));
    }

    [Fact]
    public async Task Own_use_is_disclosed_where_the_owner_says_so()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await StartAsync(broker.Uri, OwnUse.Full);
        var (_, own) = await AskAsync(node, Caller.Household);
        await node.Node.SealAsync(CancellationToken.None);

        await Eventually.HoldsAsync(() => tap.On(node.Topics.ReceiptBatch).Any() && Totals(tap, node).Requests == 1);

        Assert.Equal([own.Receipt], BatchDecoder.Parse(tap.On(node.Topics.ReceiptBatch).First().Payload.Span).Receipts);
        AssertUnheard(tap, Encoding.UTF8.GetBytes(Prompt), "the prompt");
    }

    [Fact]
    public async Task Receipts_past_their_retention_leave_as_hashes()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { OwnUse = OwnUse.Full }, sync: false);
        await node.FillAsync(batches: 1, receiptsEach: 2, ownUse: true);
        Assert.Equal(2, await node.Node.Ledger.CollapseAsync(ulong.MaxValue >> 1));
        node.StartSync();

        await Eventually.HoldsAsync(() => tap.On(node.Topics.ReceiptBatch).Any());

        var batch = BatchDecoder.Parse(tap.On(node.Topics.ReceiptBatch).First().Payload.Span);
        Assert.True(batch.IsProven);
        Assert.Equal([null, null], batch.Receipts);
    }

    private static Task<SyncedNode> StartAsync(Uri broker, OwnUse ownUse) => SyncedNode.StartAsync(
        SyncedNode.With(broker) with { OwnUse = ownUse, TelemetryInterval = TimeSpan.FromMilliseconds(300) },
        options =>
        {
            Forge.Write(Path.Combine(options.ModelsDirectory, "tiny"), ModelRecipe.Tiny with { Name = "tiny", Threads = 1 });
            return options with { Tariff = Tariff.Free with { Output = 1_000_000, Version = 1 } };
        });

    private static Caller Paying(SyncedNode node) =>
        Caller.Of(node.Node.Keys.Add(new ApiKey { Id = "", Name = KeyName, Scope = Scope.Use, CreatedAt = default, Payer = Payer }).Key);

    private static WorkRequest Request() => new()
    {
        Model = "tiny",
        Prompt = Prompt,
        MaxTokens = 24,
        Sampling = new SamplingOptions { Seed = 7 },
        Seeded = true,
        Streaming = true,
    };

    private static async Task<(string Text, CompletedAnswer Completed)> AskAsync(SyncedNode node, Caller caller)
    {
        await using var answer = await node.Node.AskAsync(caller, Request(), CancellationToken.None);
        var text = new StringBuilder();
        await foreach (var piece in answer.ReadAsync(CancellationToken.None))
        {
            text.Append(piece.Text);
            answer.Delivered(piece);
        }

        Assert.True(text.Length >= 8, $"'{text}' is too short to be searched for.");
        return (text.ToString(), await answer.CompleteAsync());
    }

    private static void AssertUnheard(WireTap tap, ReadOnlySpan<byte> bytes, string what)
    {
        var topics = tap.Mentioning(bytes);
        Assert.True(topics.Count == 0, $"{what} was heard on {string.Join(", ", topics)}");
    }

    private static (ulong Requests, ulong Prompt, ulong Completion, ulong Refused) Totals(WireTap tap, SyncedNode node)
    {
        var messages = tap.On(node.Topics.Telemetry).Select(m => TelemetryMessage.Parser.ParseFrom(m.Payload.Span)).ToList();
        return (
            messages.Aggregate(0ul, (sum, m) => sum + m.Requests),
            messages.Aggregate(0ul, (sum, m) => sum + m.PromptTokens),
            messages.Aggregate(0ul, (sum, m) => sum + m.CompletionTokens),
            messages.Aggregate(0ul, (sum, m) => sum + m.RefusedRequests));
    }
}
