using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Settlements;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>
/// Checks a collector's database with nothing but its evidence: every batch is judged anew, in the order of its chain; totals,
/// chains, waiting batches and settlements are recomputed and compared.
/// </summary>
internal static class StoreVerifier
{
    /// <exception cref="SqliteException">The database can't be read.</exception>
    public static StoreVerification Verify(FleetDatabase database, CancellationToken cancellation) => database.Read(() =>
    {
        var domain = new MetaTable(database.Connection).Domain() ?? TypedDomain.TestNetwork;
        var context = new VerificationContext(database, domain, cancellation);
        try
        {
            Structure(context);
            Chains(context);
            Totals(context);
            Pending(context);
            Settlements(context);
        }
        catch (FormatException e)
        {
            context.Add(null, null, $"{e.Message} Checking stopped here.");
        }

        return context.Result();
    });

    private static void Structure(VerificationContext context)
    {
        var verdict = context.Database.Connection.Scalar("PRAGMA quick_check(1)");
        if (verdict != "ok")
        {
            context.Add(null, null, $"SQLite says: {verdict}.");
        }

        var orphans = context.Database.Connection.Scalar("SELECT count(*) FROM evidence WHERE id NOT IN (SELECT id FROM batches)");
        if (orphans != "0")
        {
            context.Add(null, null, $"{orphans} pieces of evidence belong to no batch.");
        }

        orphans = context.Database.Connection.Scalar("SELECT count(*) FROM batches WHERE chain NOT IN (SELECT chain FROM nodes)");
        if (orphans != "0")
        {
            context.Add(null, null, $"{orphans} batches belong to no node.");
        }
    }

    private static void Chains(VerificationContext context)
    {
        var nodes = context.Nodes.All().ToDictionary(n => n.Address);
        foreach (var chain in nodes.Values.GroupBy(n => n.Chain))
        {
            var founder = chain.FirstOrDefault(n => n.Continues is null) ?? chain.First();
            new ChainVerifier(context, nodes).Verify(chain.Key, founder.Address);
        }
    }

    private static void Totals(VerificationContext context)
    {
        var left = new Dictionary<TotalKey, Sums>(context.Counted);
        foreach (var (key, sums) in context.Totals.All())
        {
            if (!left.Remove(key, out var counted))
            {
                context.Add(key.Node, null, $"the totals have {Describe(key, sums)}, which no settled batch has.");
            }
            else if (!counted.Equals(sums))
            {
                context.Add(key.Node, null, $"the totals have {Describe(key, sums)}; the settled batches have {Describe(key, counted)}.");
            }
        }

        foreach (var (key, sums) in left)
        {
            context.Add(key.Node, null, $"the totals lack {Describe(key, sums)}.");
        }
    }

    private static void Pending(VerificationContext context)
    {
        foreach (var row in new PendingTable(context.Database.Connection).All())
        {
            if (BatchDecoder.Decode(row.Message).Header is not { } header || header.Hash != row.Hash || header.Batch.Node != row.Node
                || header.Batch.Batch != row.Number || !header.IsSignedByItsNode())
            {
                context.Add(row.Node, row.Number, "it waits for its predecessor, but its message is not its own.");
            }
        }
    }

    private static void Settlements(VerificationContext context)
    {
        var table = new SettlementTable(context.Database.Connection);
        SettlementRow? last = null;
        foreach (var row in table.All())
        {
            context.ThrowIfCancelled();
            context.Settlements++;
            var number = row.Settlement.Number;
            if (table.Members(number) is not { Count: > 0 } members)
            {
                context.Add(null, null, $"settlement {number} has no batches.");
            }
            else if (Settler.Compose(members, last, row.Settlement.ClosedAt) is var composed
                && (composed.Settlement != row.Settlement || composed.Hidden != row.Hidden || !composed.Sums.Equals(row.Sums)))
            {
                context.Add(null, null, $"settlement {number} is not that of its batches: they give {composed.Settlement}, stored is {row.Settlement}.");
            }

            if (!context.Collectors.Contains(row.Collector) || row.Signature.Recover(context.Domain.Digest(TypedStruct.Hash(row.Settlement))) != row.Collector)
            {
                context.Add(null, null, $"settlement {number} is not signed by this database's collector.");
            }

            last = row;
        }
    }

    private static string Describe(TotalKey key, Sums sums) =>
        $"{sums[Figure.Receipts]} receipts and {sums[Figure.Fees]} atto of {(key.IsHidden ? "hidden receipts" : $"payer {key.Payer}, model {key.Model}, day {key.Day}")}";
}
