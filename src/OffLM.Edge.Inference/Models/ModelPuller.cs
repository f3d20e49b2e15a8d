namespace OffLM.Edge.Inference;

/// <param name="Source">Base address of a server with Hugging Face's layout.</param>
/// <param name="Repository">For example <c>owner/name</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Name">What to call it here; null takes the manifest's name or the repository's.</param>
/// <param name="Subfolder">The folder inside the repository that holds the model, or empty.</param>
public sealed record PullRequest(Uri Source, string Repository, string Revision = "main", string? Name = null, string Subfolder = "");

/// <param name="File">The file being fetched.</param>
/// <param name="FileCompleted">Bytes of it that are here.</param>
/// <param name="FileTotal">Bytes of it.</param>
/// <param name="Completed">Bytes of all files that are here.</param>
/// <param name="Total">Bytes of all files.</param>
/// <param name="Sha256">The file's digest if the server names it.</param>
public readonly record struct PullProgress(string File, long FileCompleted, long FileTotal, long Completed, long Total, string? Sha256);

/// <summary>Fetches models into the store, with resume.</summary>
public sealed class ModelPuller(ModelStore store, HttpClient http)
{
    public ModelStore Store => store;

    public HttpClient Http => http;

    /// <exception cref="ModelPullException"/>
    public Task<StoredModel> PullAsync(PullRequest request, IProgress<PullProgress>? progress, CancellationToken cancellationToken) => throw new NotImplementedException();
}
