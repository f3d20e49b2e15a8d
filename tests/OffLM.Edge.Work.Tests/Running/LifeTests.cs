using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Work.Tests.Running;

/// <summary>Starting, stopping, and the key's coming and going.</summary>
public sealed class LifeTests
{
    [Fact]
    public async Task Receipts_are_signed_a_while_after_the_first_of_a_batch()
    {
        await using var test = await TestNode.StartAsync(o => o with { BatchInterval = TimeSpan.FromMilliseconds(50) });

        var (_, completed) = await test.AnswerAsync(Caller.Household, TestNode.Request());

        await TestNode.UntilAsync(() => BatchOf(test, completed) is not null, "a signed batch");
        Assert.Equal(test.Node.Key.Address, BatchOf(test, completed)!.Batch.Node);
    }

    [Fact]
    public async Task What_is_open_is_signed_at_shutdown_and_the_node_goes_on_where_it_was()
    {
        await using var test = await TestNode.StartAsync();
        var (_, first) = await test.AnswerAsync(Caller.Household, TestNode.Request());

        await test.RestartAsync();
        var (_, second) = await test.AnswerAsync(Caller.Household, TestNode.Request());

        Assert.NotNull(BatchOf(test, first));
        Assert.Equal(first.Receipt.Sequence + 1, second.Receipt.Sequence);
        Assert.Equal(2u, test.Node.Status().Ledger.Boot);
    }

    [Fact]
    public async Task An_answer_that_outlasts_the_grace_is_interrupted_and_still_gets_its_receipt()
    {
        await using var test = await TestNode.StartAsync(o => o with { ShutdownGrace = TimeSpan.Zero });
        await using var answer = await test.Node.AskAsync(Caller.Household, TestNode.Request(maxTokens: 4000), CancellationToken.None);
        var pieces = answer.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await pieces.MoveNextAsync());
        answer.Delivered(pieces.Current);

        var stopping = test.Node.DisposeAsync();
        while (await pieces.MoveNextAsync())
        {
            answer.Delivered(pieces.Current);
        }

        var completed = await answer.CompleteAsync();
        await stopping;

        Assert.Equal(Outcome.Interrupted, completed.Receipt.Outcome);
        Assert.InRange(completed.Receipt.CompletionTokens, 1u, 3999u);
        Assert.Equal(completed.Receipt, test.Find(answer.Request));
    }

    [Fact]
    public async Task A_whole_answer_that_is_interrupted_is_not_sent_and_not_billed()
    {
        await using var test = await TestNode.StartAsync(o => o with { ShutdownGrace = TimeSpan.Zero });
        await TestNode.UntilAsync(() => !test.Node.Status().Problems.Any(p => p.Contains("being checked", StringComparison.Ordinal)), "the check before paid work");
        await using var answer = await test.Node.AskAsync(test.Payer(), TestNode.Request(maxTokens: 4000, streaming: false), CancellationToken.None);
        var pieces = answer.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await pieces.MoveNextAsync());
        answer.Delivered(pieces.Current);

        var stopping = test.Node.DisposeAsync();
        while (await pieces.MoveNextAsync())
        {
            answer.Delivered(pieces.Current);
        }

        var completed = await answer.CompleteAsync();
        await stopping;

        Assert.Equal((Outcome.Interrupted, 0u, UInt128.Zero), (completed.Receipt.Outcome, completed.Receipt.CompletionTokens, completed.Receipt.Fee));
        Assert.Equal(completed.Receipt, test.Find(answer.Request));
    }

    [Fact]
    public async Task Who_waits_for_a_model_when_the_node_stops_is_refused_at_once_and_leaves_no_trace()
    {
        await using var test = await TestNode.StartAsync(o =>
        {
            ModelForge.Forge.Write(Path.Combine(o.ModelsDirectory, "other"), ModelForge.ModelRecipe.Tiny with { Name = "other", Threads = 1 });
            return o with { ShutdownGrace = TimeSpan.FromSeconds(60) };
        });
        await using var running = await test.Node.AskAsync(Caller.Household, TestNode.Request(maxTokens: 4000), CancellationToken.None);
        var waiting = test.Node.AskAsync(Caller.Household, TestNode.Request() with { Model = "other" }, CancellationToken.None);
        await TestNode.UntilAsync(() => test.Node.Models.Waiting == 1, "a request that waits for its model");
        Assert.Equal(1, test.Node.Status().Ledger.Holds);

        var stopping = test.Node.DrainAsync();
        var refused = await Assert.ThrowsAsync<RefusedException>(() => waiting);

        Assert.Equal(RefusalReason.NotServing, refused.Reason);
        Assert.False(stopping.IsCompleted);
        await running.DisposeAsync();
        await stopping;
        Assert.Equal(1ul, test.Node.Status().Ledger.Receipts);
    }

    [Fact]
    public async Task After_shutdown_began_requests_are_refused_for_now()
    {
        await using var test = await TestNode.StartAsync();
        await test.Node.DisposeAsync();

        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.Node.AskAsync(Caller.Household, TestNode.Request(), CancellationToken.None));

        Assert.Equal(RefusalReason.NotServing, refused.Reason);
        Assert.NotNull(refused.RetryAfter);
    }

    [Fact]
    public async Task Without_its_key_the_node_answers_and_says_why_receipts_stay_open()
    {
        await using var test = await TestNode.StartAsync();
        await TestNode.UntilAsync(() => test.Node.Key.Address is not null, "the first key");
        var address = test.Node.Key.Address;
        await test.Node.DisposeAsync();
        File.Move(test.KeyFile, test.KeyFile + ".away");

        await test.RestartAsync();
        var (_, completed) = await test.AnswerAsync(Caller.Household, TestNode.Request());
        var refused = await Assert.ThrowsAsync<KeyUnavailableException>(() => test.Node.SealAsync(CancellationToken.None));

        Assert.Contains("is gone", refused.Message);
        Assert.Contains(test.Node.Status().Problems, p => p.Contains("is gone", StringComparison.Ordinal));
        Assert.Null(BatchOf(test, completed));

        File.Move(test.KeyFile + ".away", test.KeyFile);
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        Assert.Equal(address, BatchOf(test, completed)!.Batch.Node);
        Assert.DoesNotContain(test.Node.Status().Problems, p => p.Contains("key", StringComparison.Ordinal));
    }

    private static StoredBatch? BatchOf(TestNode test, CompletedAnswer completed)
    {
        using var reader = LedgerReader.Open(test.Options.LedgerPath);
        return reader.BatchOf(completed.Receipt.Sequence);
    }
}
