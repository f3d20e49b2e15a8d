using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>Files of other versions, and files that are no ledgers.</summary>
public sealed class SchemaTests
{
    [Fact]
    public async Task A_ledger_of_version_1_opens_and_keeps_everything()
    {
        using var folder = new TempFolder();
        var path = folder.File("ledger.db");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Ledger", "ledger-v1.db"), path);
        var error = Assert.Throws<LedgerUnavailableException>(() => LedgerReader.Open(path));
        Assert.Contains("earlier version (1)", error.Message);

        using var ledger = Ledger.Open(path, new ManualTime());
        using var reader = ledger.Read();
        Assert.Equal(new LedgerSummary(5, 2, 1, 1, 3, TestLedger.TestKey().Address), reader.Summary());
        Assert.Equal([BatchState.Settled, BatchState.Sent], reader.Batches(1).Select(b => b.State));
        Assert.Equal(2ul, Assert.Single(reader.Unsettled(0, 9)).Batch.Batch);
        Assert.Equal(Outcome.Interrupted, Assert.Single(await ledger.RecoverAsync()).Outcome);
        Assert.Equal(6, reader.From(1).Count(r => r.Damage is null));
        Assert.Equal("alice", reader.Find(1ul)!.Caller);
        Assert.NotNull(reader.Salts(reader.Find(5ul)!.Request));
        Assert.Contains(1ul, reader.Latest(null, 10, "alice").Select(r => r.Sequence));
        var report = LedgerCheck.Full(path);
        Assert.True(report.IsSound, string.Join('\n', report.Findings));
        Assert.Equal(2, await ledger.CollapseAsync(ulong.MaxValue / 2));
    }

    [Fact]
    public void A_ledger_of_a_newer_version_is_refused_and_left_alone()
    {
        using var folder = new TempFolder();
        var path = folder.File("ledger.db");
        using (var connection = SqliteConnection.Open(path))
        {
            connection.Execute("CREATE TABLE future(x); PRAGMA user_version = 99");
        }

        var error = Assert.Throws<LedgerVersionException>(() => Ledger.Open(path, TimeProvider.System));
        Assert.Contains("99", error.Message);
        Assert.Contains("Update the program", error.Message);
        Assert.Throws<LedgerVersionException>(() => LedgerReader.Open(path));
        using var after = SqliteConnection.Open(path);
        Assert.Equal("99", after.Scalar("PRAGMA user_version"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_by_name_and_left_alone()
    {
        using var folder = new TempFolder();
        var path = folder.File("ledger.db");
        var text = string.Concat(Enumerable.Repeat("This is a letter to my aunt. ", 200));
        File.WriteAllText(path, text);
        var error = Assert.Throws<LedgerUnavailableException>(() => Ledger.Open(path, TimeProvider.System));
        Assert.Contains(path, error.Message);
        Assert.Contains("not a database", error.Message);
        Assert.Throws<LedgerUnavailableException>(() => LedgerReader.Open(path));
        Assert.Equal(text, File.ReadAllText(path));
    }

    [Fact]
    public void Another_program_s_database_is_refused_and_left_alone()
    {
        using var folder = new TempFolder();
        var path = folder.File("ledger.db");
        using (var connection = SqliteConnection.Open(path))
        {
            connection.Execute("CREATE TABLE songs(title TEXT)");
        }

        Assert.Contains("another program", Assert.Throws<LedgerUnavailableException>(() => Ledger.Open(path, TimeProvider.System)).Message);
        using var after = SqliteConnection.Open(path);
        Assert.Equal("1", after.Scalar("SELECT count(*) FROM sqlite_master"));
    }

    [Fact]
    public void A_folder_in_the_ledger_s_place_is_refused_by_name()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("ledger.db"));
        Assert.Contains(folder.File("ledger.db"), Assert.Throws<LedgerUnavailableException>(() => Ledger.Open(folder.File("ledger.db"), TimeProvider.System)).Message);
    }

    [Fact]
    public async Task A_second_writer_is_told_that_the_ledger_is_in_use()
    {
        using var test = await TestLedger.OpenAsync();
        using var other = SqliteConnection.Open(test.Path);
        other.Execute("BEGIN IMMEDIATE");
        var hold = test.Ledger.HoldAsync(test.NewHold());
        Assert.Contains("locked", (await Assert.ThrowsAsync<LedgerUnavailableException>(() => hold)).Message);
        other.Execute("ROLLBACK");
        await test.ServeAsync();
    }
}
