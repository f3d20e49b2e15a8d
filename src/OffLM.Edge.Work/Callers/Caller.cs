namespace OffLM.Edge.Work.Callers;

/// <summary>Who makes a request.</summary>
/// <param name="Key">The API key used; null for access that needs none.</param>
/// <param name="Scope">What the caller may do.</param>
public sealed record Caller(ApiKey? Key, Scope Scope)
{
    /// <summary>A program on this machine, or an address that the settings open: the household itself.</summary>
    public static readonly Caller Household = new(null, Scope.Admin);

    /// <summary>An address that the settings open, other than this machine's own.</summary>
    public static readonly Caller Guest = new(null, Scope.Use);

    /// <summary>The key's id; empty without one.</summary>
    public string Id => Key?.Id ?? "";

    /// <summary>Whose receipts the caller may see: null for everybody's.</summary>
    public string? ReceiptFilter => Scope == Scope.Admin ? null : Id;

    /// <summary>True if nobody else pays for or builds on what is asked: the household's own use.</summary>
    public bool IsHousehold => Key is null or { Payer.IsZero: true, Builder.IsZero: true };

    public static Caller Of(ApiKey key) => new(key, key.Scope);
}
