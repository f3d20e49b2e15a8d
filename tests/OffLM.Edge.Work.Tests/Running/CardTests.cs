using System.Diagnostics;
using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Work.Tests.Running;

/// <summary>A node whose key is a card.</summary>
public sealed class CardTests
{
    private readonly SimulatedCard _card = new();

    [Fact]
    public async Task A_node_signs_with_its_card_and_its_receipts_prove_it()
    {
        await using var test = await StartAsync();
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        await test.Node.TestKeyAsync(CancellationToken.None);
        var batch = Last(test);
        Assert.Equal((_card.Address, KeyClass.SmartCard, 0u), (batch.Node, batch.KeyClass, batch.KeyCounter));
        Assert.Equal(2u, _card.State.Counter);
    }

    [Fact]
    public async Task Unplugged_it_goes_on_answering_and_signs_within_two_seconds_of_being_plugged_in()
    {
        await using var test = await StartAsync();
        await TestNode.UntilAsync(() => test.Node.Key.Problem is null, "the card to be found");
        Unplug();
        await TestNode.UntilAsync(() => test.Node.Key.Problem is not null, "the card to be missed");
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await Assert.ThrowsAsync<KeyUnavailableException>(() => test.Node.SealAsync(CancellationToken.None));
        Assert.Contains(test.Node.Status().Problems, p => p.Contains("plugged in", StringComparison.Ordinal));

        _card.IsPluggedIn = true;
        var since = Stopwatch.StartNew();
        await TestNode.UntilAsync(() => test.Node.Key.Problem is null, "the card to be found again");
        Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unplugged_in_the_middle_of_a_signature_no_batch_is_lost_or_doubled(bool spent)
    {
        await using var test = await StartAsync();
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await TestNode.UntilAsync(() => test.Node.Key.Problem is null, "the card to be found");
        _card.Channel.Unplug = (2, spent);
        await Assert.ThrowsAsync<KeyUnavailableException>(() => test.Node.SealAsync(CancellationToken.None));
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        var batch = Last(test);
        Assert.Equal((1ul, 2u, spent ? 1u : 0u), (batch.Batch, batch.Count, batch.KeyCounter));
        await TestNode.UntilAsync(() => test.Node.Status().Problems.Count == 0, "all to be well");
    }

    [Fact]
    public async Task A_restored_ledger_stops_paid_work_at_the_start_and_goes_on_with_its_owners_reason()
    {
        await using var test = await StartAsync();
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await test.Node.SealAsync(CancellationToken.None);
        await RestoreOlderAsync(test);
        await TestNode.UntilAsync(() => test.Node.Status().IsRolledBack, "the rollback to be found");

        var payer = test.Payer();
        var refused = await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(payer, TestNode.Request()));
        Assert.Contains("restored from an old copy", refused.Message, StringComparison.Ordinal);
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => test.Node.SealAsync(CancellationToken.None));
        Assert.Single(test.Node.Status().Problems, p => p.Contains("accept-rollback --reason", StringComparison.Ordinal));

        await test.RestartAsync();
        Assert.True(test.Node.Status().IsRolledBack);
        await Assert.ThrowsAsync<RefusedException>(() => test.AnswerAsync(payer, TestNode.Request()));
        Assert.Null(await test.Node.AcceptRollbackAsync());
        Assert.NotNull((await test.Node.AcceptRollbackAsync("restored on purpose"))!.Gap);
        Assert.False(test.Node.Status().IsRolledBack);
        await TestNode.UntilAsync(() => test.Node.Status().Problems.Count == 0, "the ledger to be checked");
        await test.AnswerAsync(test.Payer(), TestNode.Request());
        Assert.Equal(1, await test.Node.SealAsync(CancellationToken.None));
        Assert.Equal(2u, Last(test).KeyCounter);
    }

    /// <summary>Signing waits for a slow card, and nothing else does: answers' receipts go into the next batch meanwhile.</summary>
    [Fact]
    public async Task A_card_that_needs_its_time_delays_no_receipt()
    {
        var slow = new SimulatedCard(new() { SigningTime = TimeSpan.FromSeconds(1.5) });
        await using var test = await TestNode.StartAsync(options => options with { Key = KeyUri.Parse("card:"), Cards = slow.Connect, CardPin = Pin });
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        var sealing = test.Node.SealAsync(CancellationToken.None);
        await TestNode.UntilAsync(() => slow.Channel.Instructions.Contains(0x2A), "the card to be asked");
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        Assert.False(sealing.IsCompleted, "The receipt waited for the card.");
        Assert.Equal(2, await sealing);
    }

    private static SecretText? Pin() => SecretText.Of(SimulatedCard.UserPin);

    private static ReceiptBatch Last(TestNode test)
    {
        using var reader = LedgerReader.Open(test.Options.LedgerPath);
        return reader.LatestBatches(null, 1)[0].Batch;
    }

    private Task<TestNode> StartAsync() =>
        TestNode.StartAsync(options => options with { Key = KeyUri.Parse("card:00c0ffee"), Cards = _card.Connect, CardPin = Pin });

    private void Unplug()
    {
        _card.IsPluggedIn = false;
        _card.Channel.Unplug = (1, false);
    }

    /// <summary>The state directory as it was after one batch, while the card has signed another.</summary>
    private static async Task RestoreOlderAsync(TestNode test)
    {
        var (path, copy) = (test.Options.LedgerPath, test.Options.LedgerPath + ".older");
        await test.StoppedAsync(() => File.Copy(path, copy));
        await test.AnswerAsync(Caller.Household, TestNode.Request());
        await test.Node.SealAsync(CancellationToken.None);
        await test.StoppedAsync(() => File.Copy(copy, path, overwrite: true));
    }
}
