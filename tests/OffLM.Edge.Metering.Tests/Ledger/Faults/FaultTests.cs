using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>A disk that fails to sync, is full, or can't be read.</summary>
public sealed class FaultTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Whichever_sync_fails_nothing_acknowledged_is_lost_and_the_ledger_goes_on_after_a_check()
    {
        var failures = 0;
        for (var n = 1; n <= 10; n++)
        {
            using var vfs = new FaultyVfs();
            using var test = await TestLedger.OpenAsync(vfs.Name);
            var (acknowledged, left) = (new List<Receipt>(), n);
            vfs.Fault = o => o.Action == FileAction.Sync && Interlocked.Decrement(ref left) == 0 ? FaultyVfs.IoErrorSync : 0;
            for (var i = 0; i < 5; i++)
            {
                try
                {
                    acknowledged.Add(await test.ServeAsync());
                }
                catch (LedgerUnavailableException e)
                {
                    failures++;
                    Assert.Contains("opened again and checked", e.Message);
                    Assert.NotNull(test.Ledger.Failure);
                    await Assert.ThrowsAsync<LedgerUnavailableException>(() => test.Ledger.HoldAsync(test.NewHold()));
                    test.Time.Advance(Interval);
                }
            }

            acknowledged.Add(await test.ServeAsync());
            Assert.Null(test.Ledger.Failure);
            await test.Ledger.RecoverAsync();
            using var reader = test.Ledger.Read();
            Assert.All(acknowledged, r => Assert.Equal(r, reader.Find(r.Request)!.Receipt));
            Assert.True(test.Check().IsSound);
        }

        Assert.Equal(10, failures);
    }

    [Fact]
    public async Task A_hold_that_was_refused_for_a_failed_sync_does_not_come_back_with_the_file()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        vfs.Fault = o => o.Action == FileAction.Sync ? FaultyVfs.IoErrorSync : 0;
        var hold = test.NewHold(limit: 20);
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => test.Ledger.HoldAsync(hold, creditLimit: 150));
        vfs.Fault = null;
        test.Time.Advance(Interval);

        // Its credit is free again, and its name.
        Assert.Equal(20u, (await test.Ledger.HoldAsync(hold, creditLimit: 150)).TokenLimit);
        using var reader = test.Ledger.Read();
        Assert.Equal(1, reader.Summary().Holds);
    }

    [Fact]
    public async Task A_receipt_whose_sync_failed_is_appended_once_when_asked_again()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        vfs.Fault = o => o.Action == FileAction.Sync ? FaultyVfs.IoErrorSync : 0;
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => test.Ledger.AppendAsync(hold.Request, TestLedger.End(5)));
        vfs.Fault = null;
        test.Time.Advance(Interval);
        Assert.Equal(1ul, (await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5))).Sequence);
        using var reader = test.Ledger.Read();
        Assert.Equal((1ul, 0), (reader.Summary().Receipts, reader.Summary().Holds));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task While_the_disk_goes_on_failing_every_request_is_refused_with_the_reason()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        vfs.Fault = o => o.Action is FileAction.Sync or FileAction.Write ? FaultyVfs.IoErrorWrite : 0;
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("disk I/O error", (await Assert.ThrowsAsync<LedgerUnavailableException>(() => test.ServeAsync())).Message);
            test.Time.Advance(Interval);
        }

        vfs.Fault = null;
        test.Time.Advance(Interval);
        await test.ServeAsync();
    }

    [Fact]
    public async Task All_that_waited_for_the_failed_sync_are_told_and_none_of_them_is_half_there()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var holds = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => test.Ledger.HoldAsync(test.NewHold())));
        var first = await test.Ledger.AppendAsync(holds[0].Request, TestLedger.End(5));
        var left = 1;
        vfs.Fault = o => o.Action == FileAction.Sync && Interlocked.Decrement(ref left) == 0 ? FaultyVfs.IoErrorSync : 0;
        var results = await Task.WhenAll(holds.Skip(1).Select(async hold =>
        {
            try
            {
                return await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5));
            }
            catch (LedgerUnavailableException)
            {
                return null;
            }
        }));
        test.Time.Advance(Interval);
        var interrupted = await test.Ledger.RecoverAsync();
        Assert.Contains(results, r => r is null);
        Assert.Equal(63, results.Count(r => r is not null) + interrupted.Count);
        using var reader = test.Ledger.Read();
        Assert.All(results.OfType<Receipt>().Prepend(first), r => Assert.Equal(r, reader.Find(r.Request)!.Receipt));
        Assert.Equal(64ul, reader.Summary().Receipts);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task On_a_full_disk_holds_are_refused_while_what_runs_is_closed_with_the_reserve()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var reserve = test.Path + ".reserve";
        Assert.Equal(DiskReserve.SizeBytes, new FileInfo(reserve).Length);
        var running = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => test.Ledger.HoldAsync(test.NewHold())));
        vfs.Fault = o => o.Action == FileAction.Write && File.Exists(reserve) ? FaultyVfs.DiskFull : 0;

        var refused = await Assert.ThrowsAsync<LedgerFullException>(() => test.Ledger.HoldAsync(test.NewHold()));
        Assert.Contains("Free some space", refused.Message);
        Assert.True(File.Exists(reserve));
        await test.Ledger.CheckpointAsync([TestLedger.At(running[0], 2, "still delivered")]);
        Assert.False(File.Exists(reserve));
        var receipts = await Task.WhenAll(running.Select(h => test.Ledger.AppendAsync(h.Request, TestLedger.End(5))));
        Assert.Equal(8, receipts.Select(r => r.Sequence).Distinct().Count());

        // There is room for closings only, even though the disk would take a hold now.
        await Assert.ThrowsAsync<LedgerFullException>(() => test.Ledger.HoldAsync(test.NewHold()));
        vfs.Fault = null;
        test.Time.Advance(Interval);
        await test.ServeAsync();
        Assert.Equal(DiskReserve.SizeBytes, new FileInfo(reserve).Length);
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task A_disk_that_is_full_once_refuses_the_holds_of_a_group_and_closes_the_rest()
    {
        for (var n = 1; n <= 20; n++)
        {
            using var vfs = new FaultyVfs();
            using var test = await TestLedger.OpenAsync(vfs.Name);
            var running = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => test.Ledger.HoldAsync(test.NewHold())));
            var left = n;
            vfs.Fault = o => o.Action == FileAction.Write && Interlocked.Decrement(ref left) == 0 ? FaultyVfs.DiskFull : 0;
            var closings = running.Select(h => test.Ledger.AppendAsync(h.Request, TestLedger.End(5))).ToArray();
            var holds = running.Select(async _ =>
            {
                try
                {
                    return await test.Ledger.HoldAsync(test.NewHold());
                }
                catch (LedgerFullException)
                {
                    return null;
                }
            }).ToArray();
            Assert.Equal(8, (await Task.WhenAll(closings)).Select(r => r.Sequence).Distinct().Count());
            var taken = (await Task.WhenAll(holds)).OfType<Hold>().ToArray();
            Assert.Equal(taken.Length, (await test.Ledger.RecoverAsync()).Count);
            Assert.True(test.Check().IsSound);
        }
    }

    [Theory]
    [InlineData(FaultyVfs.IoErrorRead)]
    [InlineData(FaultyVfs.ShortRead)]
    public async Task A_page_that_can_not_be_read_stops_the_ledger_until_it_can(int error)
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var hold = await test.Ledger.HoldAsync(test.NewHold());
        test.Reopen(vfs.Name);
        var left = 1;
        vfs.Fault = o => o.Action == FileAction.Read && o.Offset > 0 && Interlocked.Decrement(ref left) == 0 ? error : 0;
        var receipt = default(Receipt);
        for (var attempt = 0; attempt < 3 && receipt is null; attempt++)
        {
            try
            {
                receipt = await test.Ledger.AppendAsync(hold.Request, TestLedger.End(5));
            }
            catch (LedgerUnavailableException)
            {
                test.Time.Advance(Interval);
            }
        }

        Assert.InRange(left, int.MinValue, 0);
        Assert.Equal((1ul, Outcome.Stop), (receipt!.Sequence, receipt.Outcome));
        Assert.True(test.Check().IsSound);
    }
}
