using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Sequence numbers, idempotence, many callers at once.</summary>
public sealed class CommitTests
{
    [Fact]
    public async Task Sequences_start_at_1_and_have_no_gaps_though_every_third_operation_fails()
    {
        using var test = await TestLedger.OpenAsync();
        var holds = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => test.Ledger.HoldAsync(test.NewHold())));
        var attempts = holds.SelectMany((hold, i) => i % 3 == 0
            ? [Try(test.Ledger.AppendAsync(Bytes32.Random(), TestLedger.End(1))), Try(test.Ledger.AppendAsync(hold.Request, TestLedger.End(1)))]
            : new[] { Try(test.Ledger.AppendAsync(hold.Request, TestLedger.End(1))) }).ToArray();
        var receipts = (await Task.WhenAll(attempts)).OfType<Receipt>().ToArray();

        Assert.Equal(Enumerable.Range(1, 60).Select(i => (ulong)i), receipts.Select(r => r.Sequence).Order());
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_hold_that_is_refused_after_its_first_change_takes_back_that_change_and_nobody_else_s()
    {
        using var test = await TestLedger.OpenAsync();
        var attempts = Enumerable.Range(0, 60).Select(async i =>
        {
            try
            {
                await test.Ledger.HoldAsync(test.NewHold(i % 3 == 0 ? "poor" : "alice"), i % 3 == 0 ? 1 : null, Keccak256.Hash([(byte)i]));
                return true;
            }
            catch (CreditExhaustedException)
            {
                return false;
            }
        });
        Assert.Equal(40, (await Task.WhenAll(attempts)).Count(taken => taken));
        using var reader = test.Ledger.Read();
        Assert.Equal(40, reader.Summary().Holds);

        // The retry keys of the refused are free again, those of the others are not.
        await test.Ledger.HoldAsync(test.NewHold("poor"), null, Keccak256.Hash([3]));
        await Assert.ThrowsAsync<RetryException>(() => test.Ledger.HoldAsync(test.NewHold(), null, Keccak256.Hash([4])));
    }

    [Fact]
    public async Task Appending_twice_gives_the_same_receipt_and_charges_once()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        var both = await Task.WhenAll(test.Ledger.AppendAsync(hold.Request, TestLedger.End(5)), test.Ledger.AppendAsync(hold.Request, TestLedger.End(9)));
        Assert.Equal(both[0], both[1]);
        Assert.Equal(both[0], await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5)));
        using var reader = test.Ledger.Read();
        Assert.Equal(1ul, reader.Summary().Receipts);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_receipt_says_what_the_hold_said_and_costs_what_its_tariff_says()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold(prompt: 10));
        var receipt = await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5, cached: 4));
        Assert.Equal((UInt128)(6 + 2 + 10 + 100), receipt.Fee);
        Assert.Equal((hold.Payer, hold.Tariff, 10u, 4u, 5u), (receipt.Payer, receipt.Tariff, receipt.PromptTokens, receipt.CachedTokens, receipt.CompletionTokens));
        Assert.Equal(Commitment.To(hold.ExecutionSalt, hold.ExecutionRecord), receipt.Execution);
        using var reader = test.Ledger.Read();
        Assert.Equal(receipt, reader.Find(receipt.Request)!.Receipt);
        Assert.Equal(hold.PromptSalt, reader.Salts(receipt.Request)!.Prompt);
    }

    [Fact]
    public async Task Sixty_four_callers_at_once_get_sixty_four_different_receipts_each()
    {
        using var test = await TestLedger.OpenAsync();
        var receipts = (await Task.WhenAll(Enumerable.Range(0, 64).Select(async caller =>
        {
            var mine = new List<Receipt>();
            for (var i = 0; i < 64; i++)
            {
                mine.Add(await test.ServeAsync(caller: $"caller {caller}"));
            }

            return mine;
        }))).SelectMany(r => r).ToArray();
        Assert.Equal(64 * 64, receipts.Select(r => r.Sequence).Distinct().Count());
        Assert.Equal(64ul * 64, receipts.Max(r => r.Sequence));
        var report = test.Check();
        Assert.True(report.IsSound, string.Join('\n', report.Findings));
        Assert.Equal(64ul * 64, report.Receipts);
    }

    [Fact]
    public async Task More_tokens_than_the_hold_allows_are_never_billed()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold(prompt: 10, limit: 20));
        await Assert.ThrowsAsync<ArgumentException>(() => test.Ledger.AppendAsync(hold.Request, TestLedger.End(21)));
        await Assert.ThrowsAsync<ArgumentException>(() => test.Ledger.AppendAsync(hold.Request, TestLedger.End(20, cached: 11)));
        Assert.Equal(hold.Ceiling, (await test.Ledger.AppendAsync(hold.Request, TestLedger.End(20))).Fee);
    }

    [Fact]
    public async Task A_request_s_name_can_be_used_once_only()
    {
        using var test = await TestLedger.OpenAsync();
        var running = await test.Ledger.HoldAsync(test.NewHold());
        var done = await test.ServeAsync();
        await Assert.ThrowsAsync<DuplicateRequestException>(() => test.Ledger.HoldAsync(test.NewHold(request: running.Request)));
        await Assert.ThrowsAsync<DuplicateRequestException>(() => test.Ledger.HoldAsync(test.NewHold(request: done.Request)));
        Assert.Single(await test.Ledger.RecoverAsync());
    }

    [Fact]
    public async Task Boots_are_counted_and_the_node_address_is_kept()
    {
        using var test = await TestLedger.OpenAsync();
        Assert.Equal(1u, await test.Ledger.BeginBootAsync());
        Assert.Null(await test.Ledger.NodeAddressAsync());
        await test.Ledger.SetNodeAddressAsync(test.Key.Address);
        test.Reopen();
        Assert.Equal(2u, await test.Ledger.BeginBootAsync());
        Assert.Equal(test.Key.Address, await test.Ledger.NodeAddressAsync());
    }

    [Fact]
    public async Task After_closing_every_operation_says_so()
    {
        var test = await TestLedger.OpenAsync();
        test.Dispose();
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(() => test.Ledger.HoldAsync(test.NewHold()));
        Assert.Contains("closed", error.Message);
    }

    private static async Task<Receipt?> Try(Task<Receipt> append)
    {
        try
        {
            return await append;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
