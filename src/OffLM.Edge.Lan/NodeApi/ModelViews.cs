namespace OffLM.Edge.Lan.NodeApi;

/// <summary>A model in the store.</summary>
internal sealed record ModelView(
    string Name, string Id, long Bytes, DateTimeOffset ModifiedAt, string? License, int? Context, IReadOnlyList<string> Capabilities, string? Family,
    string? Parameters, string? Quantization, bool Loaded);

/// <summary>The models in the store.</summary>
/// <param name="Models">Those that the caller may use.</param>
/// <param name="Problems">Folders that can't be used; for the owner.</param>
internal sealed record ModelsView(IReadOnlyList<ModelView> Models, IReadOnlyList<string>? Problems);

/// <summary>Whether a model's files are what its manifest says.</summary>
internal sealed record VerificationView(string Name, string Id, bool Intact, string? Problem);

/// <summary>What is to be pulled.</summary>
internal sealed record PullView(string? Source, string? Repository, string? Revision, string? Subfolder);

/// <summary>One line of a pull: pulling, done or failed.</summary>
internal sealed record PullLine(string Status)
{
    public string? File { get; init; }

    public long? FileCompleted { get; init; }

    public long? FileTotal { get; init; }

    public long? Completed { get; init; }

    public long? Total { get; init; }

    public ModelView? Model { get; init; }

    public string? Error { get; init; }
}
