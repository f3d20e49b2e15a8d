using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>An API key without its secret.</summary>
internal sealed record ApiKeyView(
    string Id, string Name, string Scope, IReadOnlyList<string> Models, int? RequestsPerMinute, int? TokensPerMinute, UInt128? CreditLimit, Address Payer,
    Address Builder, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt)
{
    public static ApiKeyView Of(ApiKey key) => new(
        key.Id, key.Name, key.Scope == Work.Callers.Scope.Admin ? "admin" : "use", key.Models, key.RequestsPerMinute, key.TokensPerMinute, key.CreditLimit,
        key.Payer, key.Builder, key.CreatedAt, key.RevokedAt);
}

/// <summary>The API keys.</summary>
internal sealed record ApiKeysView(IReadOnlyList<ApiKeyView> Keys);

/// <summary>A key that was just made.</summary>
/// <param name="Key">Its rights.</param>
/// <param name="Secret">Shown this once.</param>
internal sealed record NewApiKeyView(ApiKeyView Key, string Secret);

/// <summary>A key to be made.</summary>
internal sealed record ApiKeyTemplate
{
    public string? Name { get; init; }

    public string? Scope { get; init; }

    public IReadOnlyList<string>? Models { get; init; }

    public int? RequestsPerMinute { get; init; }

    public int? TokensPerMinute { get; init; }

    public UInt128? CreditLimit { get; init; }

    public Address? Payer { get; init; }

    public Address? Builder { get; init; }
}
