using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.Edge.Work.Running;
using OffLM.ModelForge;

namespace OffLM.Edge.Work.Tests.Requests;

/// <summary>Embeddings are held, billed by their texts' tokens, and closed in every case.</summary>
public sealed class EmbeddingAdmissionTests
{
    [Fact]
    public async Task Who_pays_owes_the_price_of_the_texts_tokens_and_every_check_agrees()
    {
        await using var test = await StartAsync();
        var payer = test.Payer();

        var answer = await test.Node.EmbedAsync(payer, Request("the river", "light"), CancellationToken.None);

        var receipt = Present.Of(test.Find(answer.Completed.Receipt.Request));
        Assert.True(receipt.Fee > 0);
        Assert.Equal(((UInt128)receipt.PromptTokens, 0u, Outcome.Stop), (receipt.Fee, receipt.CompletionTokens, receipt.Outcome));
        Assert.Empty(LedgerCheck.Paid(test.Options.LedgerPath).Findings);
    }

    [Fact]
    public async Task A_credit_that_does_not_pay_for_the_texts_refuses_them_and_one_that_does_is_used_up()
    {
        await using var test = await StartAsync();
        var tokens = (await test.Node.EmbedAsync(Caller.Household, Request("the river"), CancellationToken.None)).Completed.Receipt.PromptTokens;

        var poor = test.Payer(credit: tokens - 1);
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.Node.EmbedAsync(poor, Request("the river"), CancellationToken.None));
        Assert.Equal(RefusalReason.CreditExhausted, refused.Reason);

        var payer = test.Payer(credit: tokens + 1);
        await test.Node.EmbedAsync(payer, Request("the river"), CancellationToken.None);
        await Assert.ThrowsAsync<RefusedException>(() => test.Node.EmbedAsync(payer, Request("the river"), CancellationToken.None));
    }

    [Fact]
    public async Task A_client_that_leaves_owes_nothing_and_the_place_is_free()
    {
        await using var test = await StartAsync();
        var payer = test.Payer();
        using var leaving = new CancellationTokenSource();
        var much = Request([.. Enumerable.Repeat(string.Concat(Enumerable.Repeat(" the", 500)), 400)]);

        var asked = test.Node.EmbedAsync(payer, much, leaving.Token);
        await TestNode.UntilAsync(() => test.Node.Models.Loaded is [{ Statistics.Active: 1 }], "the texts to be computed");
        await leaving.CancelAsync();
        var answer = await asked;

        Assert.Equal((Outcome.Cancelled, UInt128.Zero), (answer.Completed.Receipt.Outcome, answer.Completed.Receipt.Fee));
        Assert.Empty(answer.Vectors);
        Assert.Equal(0, Assert.Single(test.Node.Models.Loaded).Statistics.Active);
    }

    [Fact]
    public async Task Stopping_the_node_interrupts_what_runs()
    {
        await using var test = await StartAsync(o => o with { ShutdownGrace = TimeSpan.Zero });
        var asked = test.Node.EmbedAsync(Caller.Household, Request([.. Enumerable.Repeat(string.Concat(Enumerable.Repeat(" the", 500)), 400)]), CancellationToken.None);
        await TestNode.UntilAsync(() => test.Node.Models.Loaded is [{ Statistics.Active: 1 }], "the texts to be computed");

        await test.Node.DrainAsync();

        Assert.Equal(Outcome.Interrupted, (await asked).Completed.Receipt.Outcome);
    }

    [Fact]
    public async Task The_replay_record_names_engine_and_dimensions()
    {
        await using var test = await StartAsync();

        var answer = await test.Node.EmbedAsync(Caller.Household, Request("light") with { Dimensions = 8 }, CancellationToken.None);

        using var reader = LedgerReader.Open(test.Options.LedgerPath);
        var record = Present.Of(reader.Salts(answer.Completed.Receipt.Request)).ExecutionRecord;
        Assert.Contains("\"engine\":\"onnxruntime-encoder\"", record, StringComparison.Ordinal);
        Assert.Contains("\"sampler\":{\"dimensions\":8}", record, StringComparison.Ordinal);
        Assert.Equal(Commitment.To(answer.Completed.Salts.Execution, record), answer.Completed.Receipt.Execution);
    }

    private static async Task<TestNode> StartAsync(Func<NodeOptions, NodeOptions>? configure = null)
    {
        var test = await TestNode.StartAsync(options =>
        {
            Forge.Write(Path.Combine(options.ModelsDirectory, EncoderRecipe.Tiny.Name), EncoderRecipe.Tiny);
            return configure?.Invoke(options) ?? options;
        });
        await TestNode.UntilAsync(() => !test.Node.Status().Problems.Any(p => p.Contains("being checked", StringComparison.Ordinal)), "paid work to be taken");
        return test;
    }

    private static EmbeddingRequest Request(params string[] texts) => new()
    {
        Model = EncoderRecipe.Tiny.Name,
        Inputs = [.. texts.Select(t => new EmbeddingInput(t, null))],
    };
}
