namespace OffLM.Edge.Lan.NodeApi;

/// <summary>One receipt of a list.</summary>
internal sealed record ReceiptView
{
    public required string Sequence { get; init; }

    public required string Request { get; init; }

    /// <summary>The API key's id; empty without one.</summary>
    public required string Caller { get; init; }

    /// <summary>open, signed, sent, settled, refused.</summary>
    public required string State { get; init; }

    /// <summary>For a refused one, why.</summary>
    public string? Reason { get; init; }

    /// <summary>Null past the retention, and for a damaged row.</summary>
    public ReceiptFigures? Receipt { get; init; }

    /// <summary>What is wrong with the row; null for a good one.</summary>
    public string? Damage { get; init; }
}

/// <summary>What people want to know of a receipt.</summary>
internal sealed record ReceiptFigures(
    string Model, string Outcome, DateTimeOffset StartedAt, string Clock, uint DurationMs, uint PromptTokens, uint CachedTokens, uint CompletionTokens,
    string EnergyMicrojoules, UInt128 Fee, bool OwnUse);

/// <summary>A page of receipts, newest first.</summary>
/// <param name="Receipts">The page.</param>
/// <param name="Next">Give it as <c>before</c> for the next page; null on the last.</param>
internal sealed record ReceiptsView(IReadOnlyList<ReceiptView> Receipts, string? Next);

/// <summary>That a receipt's salts are gone.</summary>
/// <param name="Request">Whose.</param>
/// <param name="Forgotten">False if there were none any more.</param>
internal sealed record ForgottenView(string Request, bool Forgotten);
