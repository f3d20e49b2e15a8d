using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>What the parts of one check of the database share.</summary>
internal sealed class VerificationContext(FleetDatabase database, TypedDomain domain, CancellationToken cancellation)
{
    private const int MaxListed = 1000;

    private readonly List<StoreFinding> _findings = [];
    private long _findingCount;
    private long _refused;

    public FleetDatabase Database => database;

    public TypedDomain Domain => domain;

    public ContentCheck Check { get; } = new(domain);

    public NodeTable Nodes { get; } = new(database.Connection);

    public BatchTable Batches { get; } = new(database.Connection);

    public TotalsTable Totals { get; } = new(database.Connection);

    public IReadOnlySet<Address> Collectors { get; } = new MetaTable(database.Connection).Collectors();

    /// <summary>What the settled batches add up to.</summary>
    public Dictionary<TotalKey, Sums> Counted { get; } = [];

    public long SettledBatches { get; private set; }

    public long SettledReceipts { get; private set; }

    public long Settlements { get; set; }

    public void ThrowIfCancelled() => cancellation.ThrowIfCancellationRequested();

    public void Add(Address? node, ulong? batch, string message)
    {
        _findingCount++;
        if (_findings.Count < MaxListed)
        {
            _findings.Add(new(node, batch, message));
        }
    }

    public void Judged(BatchRow row) => _refused += row.Refusal is null ? 0 : 1;

    /// <summary>Adds what a sound batch adds, and compares it with what its row says.</summary>
    public void Settled(BatchRow row, BatchFigures figures)
    {
        SettledBatches++;
        SettledReceipts += row.Count;
        if (row.Refusal is null && (row.Hidden != figures.Hidden || !row.Sums.Equals(figures.Sums)))
        {
            Add(row.Node, row.Number, "its stored sums are not those of its evidence.");
        }

        foreach (var (key, sums) in figures.Groups)
        {
            if (!Counted.TryGetValue(key, out var total))
            {
                Counted.Add(key, total = new Sums());
            }

            total.Add(sums);
        }
    }

    public StoreVerification Result() => new(SettledBatches, SettledReceipts, _refused, Settlements, _findings, _findingCount);
}
