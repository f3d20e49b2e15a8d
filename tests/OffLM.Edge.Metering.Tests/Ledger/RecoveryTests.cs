using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>What a start makes of what a crash left.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public async Task An_interrupted_request_is_billed_exactly_up_to_its_last_checkpoint()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold(prompt: 10));
        await test.Ledger.CheckpointAsync([TestLedger.At(hold, 3, "one two")]);
        await test.Ledger.CheckpointAsync([TestLedger.At(hold, 7, "one two three four", cached: 4)]);
        test.Reopen();

        var receipt = Assert.Single(await test.Ledger.RecoverAsync());
        Assert.Equal((Outcome.Interrupted, 10u, 4u, 7u), (receipt.Outcome, receipt.PromptTokens, receipt.CachedTokens, receipt.CompletionTokens));
        Assert.Equal(Commitment.To(hold.CompletionSalt, "one two three four"), receipt.CompletionCommitment);
        Assert.Equal((UInt128)(6 + 2 + 14 + 100), receipt.Fee);
        Assert.Equal((5u, 6ul), (receipt.DurationMs, receipt.EnergyMicrojoules));
        Assert.Empty(await test.Ledger.RecoverAsync());
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Where_nothing_was_delivered_nothing_is_owed()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        var delivered = await test.Ledger.HoldAsync(test.NewHold());
        await test.Ledger.CheckpointAsync([TestLedger.At(delivered, 0, "")]);
        test.Reopen();
        var receipts = await test.Ledger.RecoverAsync();
        Assert.Equal(2, receipts.Count);
        Assert.All(receipts, r => Assert.Equal((Outcome.Interrupted, 0u, UInt128.Zero), (r.Outcome, r.CompletionTokens, r.Fee)));
        Assert.Equal(Commitment.To(hold.CompletionSalt, ""), receipts[0].CompletionCommitment);
    }

    [Fact]
    public async Task A_hold_is_over_with_its_receipt_and_its_row_goes_with_later_requests_or_the_next_start()
    {
        using var test = await TestLedger.OpenAsync();
        var requests = new List<Hold>();
        for (var i = 0; i < 20; i++)
        {
            requests.Add(await test.Ledger.HoldAsync(test.NewHold()));
            await test.Ledger.CheckpointAsync([TestLedger.At(requests[^1], 1, "one")]);
        }

        await Task.WhenAll(requests.Select(hold => test.Ledger.AppendAsync(hold.Request, TestLedger.End(5))));
        using var reader = test.Ledger.Read();
        Assert.Equal(0, reader.Summary().Holds);
        for (var i = 0; i < 15; i++)
        {
            await test.ServeAsync();
        }

        Assert.InRange(Rows("holds"), 0, 3);
        test.Reopen();
        Assert.Empty(await test.Ledger.RecoverAsync());
        Assert.Equal((0, 0), (Rows("holds"), Rows("checkpoints")));
        Assert.True(test.Check().IsSound);

        int Rows(string table)
        {
            using var connection = SqliteConnection.OpenReadOnly(test.Path);
            return int.Parse(connection.Scalar($"SELECT count(*) FROM {table}")!, CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public async Task A_checkpoint_of_a_closed_hold_changes_nothing()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        var receipt = await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5));
        await test.Ledger.CheckpointAsync([TestLedger.At(hold, 9, "late")]);
        test.Reopen();
        Assert.Empty(await test.Ledger.RecoverAsync());
        using var reader = test.Ledger.Read();
        Assert.Equal(receipt, reader.Find(receipt.Request)!.Receipt);
    }

    [Fact]
    public async Task A_checkpoint_that_could_not_be_taken_up_again_is_refused()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        await Assert.ThrowsAsync<ArgumentException>(() => test.Ledger.CheckpointAsync([TestLedger.At(hold, 1, "x") with { CommitmentState = [1, 2, 3] }]));
    }

    [Theory]
    [InlineData("UPDATE holds SET body = substr(body, 2)")]
    [InlineData("UPDATE holds SET request = x'0102'")]
    [InlineData("UPDATE holds SET caller = 'mallory'")]
    [InlineData("DELETE FROM tariffs")]
    [InlineData("UPDATE tariffs SET body = zeroblob(10)")]
    public async Task A_hold_that_can_not_be_billed_becomes_a_void_receipt_at_the_next_start(string damage)
    {
        using var test = await TestLedger.OpenAsync();
        await test.Ledger.HoldAsync(test.NewHold());
        test.Vandalise(damage);
        test.Reopen();
        var receipt = Assert.Single(await test.Ledger.RecoverAsync());
        Assert.Equal((Outcome.Void, UInt128.Zero, 1ul), (receipt.Outcome, receipt.Fee, receipt.Sequence));
        Assert.Empty(await test.Ledger.RecoverAsync());
    }

    [Fact]
    public async Task A_hold_damaged_while_its_request_runs_is_closed_as_void()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        test.Vandalise("UPDATE holds SET crc = crc + 1");
        Assert.StartsWith("hold 0x", Assert.Single(LedgerCheck.Quick(test.Path).Findings).ToString());
        Assert.Equal(Outcome.Void, (await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5))).Outcome);
        await test.ServeAsync();
        Assert.True(test.Check().IsSound);
    }

    [Theory]
    [InlineData("UPDATE checkpoints SET completion = 50")]
    [InlineData("UPDATE checkpoints SET state = zeroblob(5)")]
    public async Task A_damaged_checkpoint_proves_nothing_and_bills_nothing(string damage)
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        await test.Ledger.CheckpointAsync([TestLedger.At(hold, 3, "one")]);
        test.Vandalise(damage);
        test.Reopen();
        var receipt = Assert.Single(await test.Ledger.RecoverAsync());
        Assert.Equal((Outcome.Interrupted, 0u, UInt128.Zero), (receipt.Outcome, receipt.CompletionTokens, receipt.Fee));
    }

    [Fact]
    public async Task The_tariff_of_the_hold_applies_even_if_another_came_into_force()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        await test.Ledger.AddTariffAsync(TestLedger.Paid with { Output = 9000, Version = 2 });
        Assert.Equal((UInt128)(10 + 10 + 100), (await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5))).Fee);
    }
}
