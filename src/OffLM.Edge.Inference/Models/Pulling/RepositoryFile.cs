namespace OffLM.Edge.Inference;

/// <summary>A file that a repository offers.</summary>
/// <param name="RemotePath">Its path in the repository.</param>
/// <param name="Path">Its path in the model.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its digest, which the server names for large files only.</param>
internal sealed record RepositoryFile(string RemotePath, string Path, long Bytes, string? Sha256);
