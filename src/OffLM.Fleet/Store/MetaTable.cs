using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>What the database is for, and whose signatures are in it.</summary>
internal sealed class MetaTable(SqliteConnection connection)
{
    /// <summary>The network that it collects for; null before the first collector.</summary>
    public TypedDomain? Domain() =>
        connection.Prepare("SELECT value FROM meta WHERE key = 'domain'").First(row => row.Text(0)) is { } text ? DomainText.Parse(text) : null;

    public void SetDomain(TypedDomain domain) =>
        connection.Prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('domain', ?1)").Bind(1, DomainText.Format(domain)).Run();

    /// <summary>Remembers a collector's address: verdicts by others are not its own.</summary>
    public void AddCollector(Address address, long now) =>
        connection.Prepare("INSERT OR IGNORE INTO collectors(address, since) VALUES(?1, ?2)").Bind(1, address.AsSpan()).Bind(2, now).Run();

    public IReadOnlySet<Address> Collectors() => connection.Prepare("SELECT address FROM collectors").All(row => row.Address(0)).ToHashSet();
}

/// <summary>A network as the command line has it: <c>CHAIN:CONTRACT</c>.</summary>
internal static class DomainText
{
    public static string Format(TypedDomain domain) => $"{domain.ChainId}:{domain.VerifyingContract}";

    /// <exception cref="FormatException">Not of that form.</exception>
    public static TypedDomain Parse(string text) =>
        text.Split(':') is [var chain, var contract]
        && ulong.TryParse(chain, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
        && Address.TryParse(contract, out var address)
            ? TypedDomain.Receipts(id, address)
            : throw new FormatException($"'{text}' names no network. Expected CHAIN:CONTRACT, for example {Format(TypedDomain.TestNetwork)}.");
}
