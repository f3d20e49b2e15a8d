using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Callers;

/// <summary>What a key lets its holder do.</summary>
public enum Scope
{
    /// <summary>Ask for answers and see one's own receipts.</summary>
    Use,

    /// <summary>All receipts, metrics, pulling and deleting models, keys.</summary>
    Admin,
}

/// <summary>An API key's rights and limits. The key itself is only known as a hash.</summary>
public sealed record ApiKey
{
    /// <summary>Short and public; receipts and credit are kept under it.</summary>
    public required string Id { get; init; }

    /// <summary>What its owner calls it; never in metrics or logs.</summary>
    public required string Name { get; init; }

    public required Scope Scope { get; init; }

    /// <summary>The only models it may use; empty for all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Null for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Prompt and completion tokens together; null for no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>The most that may ever be owed under this key, in atto-OFFLM; null for no limit.</summary>
    public UInt128? CreditLimit { get; init; }

    /// <summary>Who owes the fees; zero makes the key's use the household's own, free of charge.</summary>
    public Address Payer { get; init; }

    /// <summary>Whose app this is; zero for none.</summary>
    public Address Builder { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it is valid.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>True if the key may use the model of this name.</summary>
    public bool Allows(string model) => Models.Count == 0 || Models.Any(m => SameModel(m, model));

    private static bool SameModel(string a, string b) => string.Equals(Untagged(a), Untagged(b), StringComparison.OrdinalIgnoreCase);

    private static string Untagged(string name) => name.EndsWith(":latest", StringComparison.OrdinalIgnoreCase) ? name[..^7] : name;
}
