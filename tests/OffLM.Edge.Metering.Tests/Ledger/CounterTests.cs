using OffLM.CardSimulator.Fronts;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>What a card's signature counter tells of the ledger.</summary>
public sealed class CounterTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly SimulatedCard _card = new();

    [Fact]
    public async Task Each_batch_has_the_counter_as_it_was_before_its_signature()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        _card.State.Counter = 7;
        for (var expected = 7u; expected < 10; expected++)
        {
            await test.ServeAsync();
            var batch = await Sealer(test).SealNextAsync(key, None);
            Assert.Equal((KeyClass.SmartCard, expected), (batch!.Batch.KeyClass, batch.Batch.KeyCounter));
        }

        Assert.Empty(Events(test));
        Assert.True(test.Check().IsSound);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signature_whose_answer_was_lost_is_made_again_and_explained_if_it_was_spent(bool spent)
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        await test.ServeAsync();

        // The sealer reads the counter with the first command, and signs with the second.
        _card.Channel.Unplug = (2, spent);
        await Assert.ThrowsAsync<KeyUnavailableException>(() => Sealer(test).SealNextAsync(key, None));
        test.Reopen();
        var batch = await Sealer(test).SealNextAsync(key, None);
        Assert.Equal((2ul, 2ul, 1u), (batch!.Batch.Batch, batch.Batch.FirstSequence, batch.Batch.Count));
        Assert.Equal(spent ? 2u : 1u, batch.Batch.KeyCounter);
        if (spent)
        {
            var lost = Assert.Single(Events(test));
            Assert.Equal((KeyEventKind.LostSignature, 1u, 2u, 2ul), (lost.Kind, lost.Expected, lost.Found, lost.Batch));
        }
        else
        {
            Assert.Empty(Events(test));
        }

        await test.ServeAsync();
        Assert.Equal(spent ? 3u : 2u, (await Sealer(test).SealNextAsync(key, None))!.Batch.KeyCounter);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Signatures_lost_again_and_again_are_each_explained()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        for (var i = 0; i < 3; i++)
        {
            // After the first time the reconnecting card is selected and its key read: the signature is the last command that is sent.
            _card.Channel.Alter = answer => answer.Length == 66 ? throw new Signing.Cards.CardGoneException("unplugged") : answer;
            await Assert.ThrowsAsync<KeyUnavailableException>(() => Sealer(test).SealNextAsync(key, None));
        }

        _card.Channel.Alter = null;
        Assert.Equal(3u, (await Sealer(test).SealNextAsync(key, None))!.Batch.KeyCounter);
        Assert.Equal([3u, 2u, 1u], Events(test).Select(e => e.Found));
    }

    [Fact]
    public async Task A_restored_ledger_is_found_out_before_it_signs_and_goes_on_with_the_owners_reason_in_the_chain()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        using var restored = await test.RestoredCopyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);

        await restored.ServeAsync();
        var found = await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(restored).SealNextAsync(key, None));
        Assert.True(found.ByCard);
        Assert.Contains("accept-rollback", found.Message, StringComparison.Ordinal);
        Assert.Equal(2u, _card.State.Counter);
        restored.Reopen();
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(restored).SealNextAsync(key, None));
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(restored).TestAsync(key, None));
        using (var reader = restored.Ledger.Read())
        {
            Assert.Equal((1u, 2u), (reader.CounterGap()!.Expected, reader.CounterGap()!.Found));
        }

        await Assert.ThrowsAnyAsync<ArgumentException>(() => restored.Ledger.AcceptGapAsync(" ", 6000));
        var accepted = await restored.Ledger.AcceptGapAsync("the disk died, this is yesterday's copy", 6000);
        Assert.Equal((2ul, 2ul), (accepted!.NextBatch, accepted.NextSequence));
        Assert.Null(await restored.Ledger.AcceptGapAsync("again", 6000));
        var batch = await Sealer(restored).SealNextAsync(key, None);
        Assert.Equal((2u, 2u), (batch!.Batch.KeyCounter, batch.Batch.Count));
        using (var reader = restored.Ledger.Read())
        {
            var record = new CounterGap { Node = key.Address, Expected = 1, Found = 2, Reason = "the disk died, this is yesterday's copy", AcceptedAt = 6000 };
            var receipt = reader.Find(3)!.Receipt!;
            Assert.Equal((Outcome.Void, TypedStruct.Hash(record), UInt128.Zero), (receipt.Outcome, receipt.Extension, receipt.Fee));
            Assert.Null(reader.CounterGap());
        }

        Assert.True(restored.Check().IsSound);
    }

    [Fact]
    public async Task A_key_that_was_used_elsewhere_is_found_out()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        using (var elsewhere = _card.Connect())
        {
            elsewhere.VerifySigningPin("134679"u8);
            elsewhere.Sign(Bytes32.Random());
            elsewhere.Sign(Bytes32.Random());
        }

        await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(test).ObserveAsync(key, None));
    }

    [Fact]
    public async Task A_counter_that_turns_back_is_found_out_and_so_is_one_that_is_back_again()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        _card.State.Counter = 20;
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        _card.State.Counter = 4;
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(test).ObserveAsync(key, None));
        _card.State.Counter = 21;
        await Assert.ThrowsAsync<LedgerRolledBackException>(() => Sealer(test).ObserveAsync(key, None));
    }

    [Fact]
    public async Task A_test_signature_is_explained_whether_it_was_made_or_not()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        Assert.Equal(2u, await Sealer(test).TestAsync(key, None));
        _card.Channel.Unplug = (2, false);
        await Assert.ThrowsAsync<KeyUnavailableException>(() => Sealer(test).TestAsync(key, None));
        Assert.Equal(2u, await Sealer(test).ObserveAsync(key, None));
        await test.ServeAsync();
        Assert.Equal(2u, (await Sealer(test).SealNextAsync(key, None))!.Batch.KeyCounter);
        Assert.All(Events(test), e => Assert.Equal(KeyEventKind.Test, e.Kind));
    }

    [Fact]
    public async Task A_new_card_begins_wherever_it_is()
    {
        using var test = await TestLedger.OpenAsync();
        using (var key = await _card.OpenKeyAsync())
        {
            await test.ServeAsync();
            await Sealer(test).SealNextAsync(key, None);
        }

        var other = new SimulatedCard();
        other.State.Counter = 1000;
        using var replacement = await other.OpenKeyAsync();
        await test.ServeAsync();
        Assert.Equal(1000u, (await Sealer(test).SealNextAsync(replacement, None))!.Batch.KeyCounter);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_damaged_row_of_the_counter_is_named_and_the_last_batch_serves_instead()
    {
        using var test = await TestLedger.OpenAsync();
        using var key = await _card.OpenKeyAsync();
        await test.ServeAsync();
        await Sealer(test).SealNextAsync(key, None);
        test.Vandalise("UPDATE key_counters SET counter = 99");
        Assert.Equal(LedgerPart.Counter, Assert.Single(test.Check().Findings).Part);
        await test.ServeAsync();
        Assert.Equal(1u, (await Sealer(test).SealNextAsync(key, None))!.Batch.KeyCounter);
        Assert.True(test.Check().IsSound);
    }

    private static BatchSealer Sealer(TestLedger test) => new(test.Ledger, TypedDomain.TestNetwork, 1, () => (5000, ClockSource.NetworkTime));

    private static IReadOnlyList<KeyEvent> Events(TestLedger test)
    {
        using var reader = test.Ledger.Read();
        return reader.KeyEvents(100);
    }
}
