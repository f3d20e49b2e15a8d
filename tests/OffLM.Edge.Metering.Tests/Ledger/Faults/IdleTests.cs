using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>What the writer does in idle moments.</summary>
public sealed class IdleTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_long_log_is_copied_into_the_database_when_nothing_else_is_to_be_done()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var syncs = Syncs(vfs);
        await FillLogAsync(test);
        await UntilAsync(() => Syncs(vfs) > syncs);
        await test.ServeAsync();
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task The_log_gets_its_room_beforehand_and_a_log_with_room_is_read_after_a_power_cut()
    {
        using var test = await TestLedger.OpenAsync();
        var log = new FileInfo(test.Path + "-wal");
        await UntilAsync(() => Length(log) >= LogRoom.SizeBytes);
        var room = Length(log);
        var receipt = await test.ServeAsync();
        Assert.Equal(room, Length(log));

        using (var folder = new TempFolder())
        {
            File.Copy(test.Path, folder.File("ledger.db"));
            File.Copy(log.FullName, folder.File("ledger.db-wal"));
            using var copy = Ledger.Open(folder.File("ledger.db"), new ManualTime());
            using var reader = copy.Read();
            Assert.Equal(receipt, reader.Find(receipt.Request)!.Receipt);
            Assert.True(LedgerCheck.Full(copy.Path).IsSound);
        }

        Assert.True(await test.Ledger.FoldAsync());
        await UntilAsync(() => Length(log) >= LogRoom.SizeBytes);
    }

    [Fact]
    public async Task A_database_that_can_not_be_synced_then_stops_the_ledger_until_it_was_checked()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        vfs.Fault = o => o is { Action: FileAction.Sync, File: "ledger.db" } ? FaultyVfs.IoErrorSync : 0;
        var receipts = await FillLogAsync(test);
        await UntilAsync(() => test.Ledger.Failure is not null);
        vfs.Fault = null;
        test.Time.Advance(TimeSpan.FromSeconds(3));
        await test.ServeAsync();
        Assert.Null(test.Ledger.Failure);
        using var reader = test.Ledger.Read();
        Assert.All(receipts, r => Assert.Equal(r, reader.Find(r.Request)!.Receipt));
        Assert.True(test.Check().IsSound);
    }

    [Fact]
    public async Task Where_the_disk_has_no_room_for_the_copy_the_ledger_goes_on_with_its_log()
    {
        using var vfs = new FaultyVfs();
        using var test = await TestLedger.OpenAsync(vfs.Name);
        var refusals = 0;
        vfs.Fault = o => o is { Action: FileAction.Write, File: "ledger.db" } && Interlocked.Increment(ref refusals) > 0 ? FaultyVfs.DiskFull : 0;
        await FillLogAsync(test);
        await UntilAsync(() => Volatile.Read(ref refusals) > 0);
        await test.ServeAsync();
        Assert.Null(test.Ledger.Failure);
        vfs.Fault = null;
        Assert.True(test.Check().IsSound);
    }

    private static long Length(FileInfo file)
    {
        file.Refresh();
        return file.Length;
    }

    /// <summary>Syncs of the database itself; commits sync the log only.</summary>
    private static int Syncs(FaultyVfs vfs) => vfs.Log.Count(o => o is { Action: FileAction.Sync, File: "ledger.db" });

    /// <summary>Writes more pages than are worth a copy, fewer than a commit copies itself.</summary>
    /// <returns>The receipts that were acknowledged: all, unless the ledger stopped on the way.</returns>
    private static async Task<List<Receipt>> FillLogAsync(TestLedger test)
    {
        var receipts = new List<Receipt>();
        try
        {
            for (var i = 0; i < 250; i++)
            {
                receipts.Add(await test.ServeAsync());
            }
        }
        catch (LedgerUnavailableException)
        {
            // A moment in between was idle enough.
        }

        return receipts;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
