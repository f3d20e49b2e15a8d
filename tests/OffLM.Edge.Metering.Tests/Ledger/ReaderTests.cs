using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Reading while the node writes.</summary>
public sealed class ReaderTests
{
    [Fact]
    public async Task A_reader_sees_each_receipt_as_soon_as_it_is_acknowledged()
    {
        using var test = await TestLedger.OpenAsync();
        using var reader = LedgerReader.Open(test.Path);
        for (var i = 0; i < 20; i++)
        {
            var receipt = await test.ServeAsync();
            Assert.Equal(receipt, reader.Find(receipt.Request)!.Receipt);
        }
    }

    [Fact]
    public async Task A_summary_is_of_one_moment_though_batches_are_stored_meanwhile()
    {
        using var test = await TestLedger.OpenAsync();
        using var reader = test.Ledger.Read();
        var writing = Enumerable.Range(0, 100).Aggregate(Task.CompletedTask, async (before, _) =>
        {
            await before;
            await test.ServeAsync();
            await test.SignAsync();
        });
        while (!writing.IsCompleted)
        {
            Assert.InRange(reader.Summary().Open, 0ul, 1ul);
        }

        await writing;
        Assert.Equal(100ul, reader.Summary().Batches);
    }

    [Fact]
    public async Task Listings_come_in_pages_in_both_directions_and_by_caller()
    {
        using var test = await TestLedger.OpenAsync();
        for (var i = 0; i < 300; i++)
        {
            await test.ServeAsync(caller: i % 2 == 0 ? "alice" : "bob");
        }

        using var reader = test.Ledger.Read();
        var up = reader.From(1);
        Assert.Equal(LedgerReader.PageSize, up.Count);
        up = [.. up, .. reader.From(up[^1].Sequence + 1)];
        Assert.Equal(Enumerable.Range(1, 300).Select(i => (ulong)i), up.Select(r => r.Sequence));
        var down = reader.Latest(null, 1000);
        Assert.Equal((300ul, LedgerReader.PageSize), (down[0].Sequence, down.Count));
        Assert.Equal(44, reader.Latest(down[^1].Sequence, 1000).Count);
        Assert.Empty(reader.Latest(null, 10, ""));
        var bobs = reader.Latest(null, 10, "bob");
        Assert.Equal((10, 300ul), (bobs.Count, bobs[0].Sequence));
        Assert.All(bobs, r => Assert.Equal("bob", r.Caller));
        Assert.Null(reader.Find(301ul));
    }

    [Fact]
    public async Task A_tariff_and_its_schedule_are_found_by_hash_and_damage_is_named()
    {
        using var test = await TestLedger.OpenAsync();
        var schedule = new Tariffs.Schedule { Providers = 6000, Validators = 1500, Burn = 1500, Treasury = 1000 };
        var hash = Signing.TypedStructs.TypedStruct.Hash(schedule);
        var tariff = TestLedger.Paid with { Schedule = hash };
        var name = await test.Ledger.AddTariffAsync(tariff, schedule);
        using var reader = test.Ledger.Read();
        Assert.Equal((tariff, schedule), (reader.Tariff(name), reader.Schedule(hash)));
        Assert.Null(reader.Tariff(hash));
        test.Vandalise("UPDATE tariffs SET body = CAST(substr(body, 1, 30) || x'aa' || substr(body, 32) AS BLOB)");
        Assert.Contains(name.ToString(), Assert.Throws<FormatException>(() => reader.Tariff(name)).Message);
        await test.Ledger.AddTariffAsync(tariff, schedule);
        Assert.Equal(tariff, reader.Tariff(name));
    }

    [Fact]
    public void Where_there_is_no_ledger_the_error_says_where_it_was_looked_for()
    {
        using var folder = new TempFolder();
        Assert.Contains(folder.File("ledger.db"), Assert.Throws<LedgerUnavailableException>(() => LedgerReader.Open(folder.File("ledger.db"))).Message);
    }
}
