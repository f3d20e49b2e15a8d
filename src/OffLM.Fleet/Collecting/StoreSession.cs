using OffLM.Fleet.Store;

namespace OffLM.Fleet.Collecting;

/// <summary>A connection to the database, and what a collector does with it. Made anew after the disk failed.</summary>
internal sealed class StoreSession : IDisposable
{
    private StoreSession(FleetDatabase database, BatchBook book, PresenceTable presence) => (Database, Book, Presence) = (database, book, presence);

    public FleetDatabase Database { get; }

    public BatchBook Book { get; }

    public PresenceTable Presence { get; }

    public static StoreSession Open(string path, BookRules rules, Notary notary, TimeProvider time)
    {
        var database = FleetDatabase.Open(path);
        return new(database, new BatchBook(database, rules, notary, time), new PresenceTable(database.Connection));
    }

    public void Dispose() => Database.Dispose();
}
