namespace OffLM.Edge.Inference;

/// <summary>What to fetch.</summary>
/// <param name="Source">Base address of a server with Hugging Face's layout.</param>
/// <param name="Repository">For example <c>owner/name</c>.</param>
/// <param name="Revision">Branch, tag or commit.</param>
/// <param name="Subfolder">The folder inside the repository that holds the model, or empty.</param>
public sealed record PullRequest(Uri Source, string Repository, string Revision = "main", string Subfolder = "")
{
    /// <summary>What the model is called if the repository has no manifest: made from the repository only, so that all who pull it agree.</summary>
    public string DefaultName => Origin + (Revision == "main" ? "" : ":" + Revision);

    /// <summary>What all revisions of the model have in common.</summary>
    internal string Origin => Repository + (Subfolder.Length > 0 ? "/" + Subfolder : "");
}
