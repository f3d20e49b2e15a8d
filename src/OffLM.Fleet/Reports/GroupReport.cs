using System.Globalization;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>What settled receipts are added up by.</summary>
internal enum Grouping
{
    Payer,
    Builder,
    Model,
    Day,
    Node,
    Tariff,
}

/// <summary>A line of a report.</summary>
/// <param name="Key">Whose or what's; <see cref="GroupReport.None"/> for nobody's, <see cref="GroupReport.Hidden"/> for what isn't told.</param>
/// <param name="Hidden">Receipts in it that came only as leaves.</param>
/// <param name="Sums">The rest.</param>
internal sealed record Group(string Key, System.Numerics.BigInteger Hidden, Sums Sums);

/// <summary>What was settled, added up by one thing.</summary>
internal static class GroupReport
{
    /// <summary>No payer or no builder.</summary>
    public const string None = "none";

    /// <summary>Receipts of which only their number is known.</summary>
    public const string Hidden = "hidden";

    public static IReadOnlyList<Group> Read(FleetDatabase database, Grouping by)
    {
        var groups = new SortedDictionary<string, Group>(StringComparer.Ordinal);
        foreach (var (key, sums) in database.Read(() => new TotalsTable(database.Connection).All()))
        {
            var name = Name(key, by);
            if (!groups.TryGetValue(name, out var group))
            {
                group = new(name, 0, new Sums());
            }

            group.Sums.Add(sums);
            groups[name] = key.IsHidden ? group with { Hidden = group.Hidden + sums[Figure.Receipts] } : group;
        }

        return [.. groups.Values];
    }

    /// <summary>The heading row and one for each group.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(Grouping by, IEnumerable<Group> groups) =>
    [
        [NameOf(by), "hidden", .. FigureNames.Csv.Select(f => f.Name)],
        .. groups.Select(g => (IReadOnlyList<string>)[
            g.Key, g.Hidden.ToString(CultureInfo.InvariantCulture), .. FigureNames.Csv.Select(f => g.Sums[f.Figure].ToString(CultureInfo.InvariantCulture))]),
    ];

    /// <summary>As options and columns have it.</summary>
    public static string NameOf(Grouping by) => by.ToString().ToLowerInvariant();

    private static string Name(TotalKey key, Grouping by) => by switch
    {
        Grouping.Node => key.Node.ToString(),
        _ when key.IsHidden => Hidden,
        Grouping.Payer => Party(key.Payer),
        Grouping.Builder => Party(key.Builder),
        Grouping.Model => key.Model.ToString(),
        Grouping.Tariff => key.Tariff.ToString(),
        _ => Day(key.Day),
    };

    private static string Party(Address address) => address.IsZero ? None : address.ToString();

    /// <summary>A date; where a node's clock was beyond the calendar, the number of days since 1970.</summary>
    private static string Day(long day) => day <= (DateTime.MaxValue - DateTime.UnixEpoch).TotalDays - 1
        ? DateTime.UnixEpoch.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : $"day {day}";
}
