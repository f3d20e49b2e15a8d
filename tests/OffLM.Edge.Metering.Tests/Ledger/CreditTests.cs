using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Credit and retries.</summary>
public sealed class CreditTests
{
    [Fact]
    public async Task The_credit_that_is_left_limits_the_tokens()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold(prompt: 10, limit: 100), creditLimit: 150);
        Assert.Equal(20u, hold.TokenLimit);
        Assert.Equal((UInt128)150, hold.Ceiling);
    }

    [Fact]
    public async Task What_runs_counts_against_the_credit_until_its_receipt_says_what_it_cost()
    {
        using var test = await TestLedger.OpenAsync();
        var first = await test.Ledger.HoldAsync(test.NewHold(prompt: 10, limit: 20), creditLimit: 300);
        Assert.Equal((UInt128)150, first.Ceiling);
        Assert.Equal(20u, (await test.Ledger.HoldAsync(test.NewHold(prompt: 10), creditLimit: 300)).TokenLimit);
        await Assert.ThrowsAsync<CreditExhaustedException>(() => test.Ledger.HoldAsync(test.NewHold(prompt: 10), creditLimit: 300));

        // 10 + 2 + 100 of the 150 held are spent: 38 atto are left, and 74 more of a higher limit.
        await test.Ledger.AppendAsync(first.Request, TestLedger.End(1));
        var error = await Assert.ThrowsAsync<CreditExhaustedException>(() => test.Ledger.HoldAsync(test.NewHold(prompt: 10), creditLimit: 300));
        Assert.Equal((UInt128)38, error.Remaining);
        Assert.Equal(1u, (await test.Ledger.HoldAsync(test.NewHold(prompt: 10), creditLimit: 374)).TokenLimit);
    }

    [Fact]
    public async Task Holds_taken_at_once_can_not_overspend_together()
    {
        using var test = await TestLedger.OpenAsync();
        var attempts = Enumerable.Range(0, 32).Select(async _ =>
        {
            try
            {
                return (await test.Ledger.HoldAsync(test.NewHold(prompt: 10, limit: 20), creditLimit: 500)).Ceiling;
            }
            catch (CreditExhaustedException)
            {
                return UInt128.Zero;
            }
        });
        var ceilings = await Task.WhenAll(attempts);
        Assert.Equal((UInt128)450, ceilings.Aggregate(UInt128.Zero, (a, b) => a + b));
    }

    [Fact]
    public async Task Another_caller_s_credit_is_its_own()
    {
        using var test = await TestLedger.OpenAsync();
        await test.Ledger.HoldAsync(test.NewHold("alice", limit: 20), creditLimit: 150);
        Assert.Equal(20u, (await test.Ledger.HoldAsync(test.NewHold("bob"), creditLimit: 150)).TokenLimit);
    }

    [Fact]
    public async Task A_request_for_no_tokens_needs_no_credit()
    {
        using var test = await TestLedger.OpenAsync();
        var hold = await test.Ledger.HoldAsync(test.NewHold(limit: 0), creditLimit: 0);
        Assert.Equal(UInt128.Zero, hold.Ceiling);
    }

    [Fact]
    public async Task A_retry_key_is_refused_while_its_request_runs_and_after_it_answered()
    {
        using var test = await TestLedger.OpenAsync();
        var key = Bytes32.Random();
        var hold = await test.Ledger.HoldAsync(test.NewHold(), retryKey: key);
        Assert.Equal(hold.Request, (await Assert.ThrowsAsync<RetryException>(() => test.Ledger.HoldAsync(test.NewHold(), retryKey: key))).Request);
        await test.Ledger.AppendAsync(hold.Request, TestLedger.End(3, Outcome.Cancelled));
        Assert.Equal(hold.Request, (await Assert.ThrowsAsync<RetryException>(() => test.Ledger.HoldAsync(test.NewHold(), retryKey: key))).Request);
        await test.Ledger.HoldAsync(test.NewHold("bob"), retryKey: key);
    }

    [Fact]
    public async Task A_retry_after_a_failure_that_delivered_nothing_is_a_new_attempt()
    {
        using var test = await TestLedger.OpenAsync();
        var key = Bytes32.Random();
        var hold = await test.Ledger.HoldAsync(test.NewHold(), retryKey: key);
        await test.Ledger.AppendAsync(hold.Request, TestLedger.End(0, Outcome.EngineError));
        var second = await test.Ledger.HoldAsync(test.NewHold(), retryKey: key);
        await test.Ledger.AppendAsync(second.Request, TestLedger.End(3));
        Assert.Equal(second.Request, (await Assert.ThrowsAsync<RetryException>(() => test.Ledger.HoldAsync(test.NewHold(), retryKey: key))).Request);
    }

    [Fact]
    public async Task A_damaged_credit_row_refuses_limited_work_but_never_a_receipt_and_is_added_up_again()
    {
        using var test = await TestLedger.OpenAsync();
        await test.ServeAsync();
        var running = await test.Ledger.HoldAsync(test.NewHold());
        test.Vandalise("UPDATE credit SET spent = zeroblob(16)");
        Assert.Contains("ledger check", (await Assert.ThrowsAsync<FormatException>(() => test.Ledger.HoldAsync(test.NewHold(), creditLimit: 1000))).Message);
        await test.Ledger.AppendAsync(running.Request, TestLedger.End(5));

        var finding = Assert.Single(test.Check().Findings);
        Assert.StartsWith("credit alice: ", finding.ToString());
        await test.Ledger.RepairAsync([finding]);
        Assert.True(test.Check().IsSound);
        Assert.Equal((UInt128)40, (await Assert.ThrowsAsync<CreditExhaustedException>(() => test.Ledger.HoldAsync(test.NewHold(), creditLimit: 280))).Remaining);
    }
}
