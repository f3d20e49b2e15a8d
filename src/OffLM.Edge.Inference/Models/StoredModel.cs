namespace OffLM.Edge.Inference;

/// <summary>A complete model in the store.</summary>
/// <param name="Name">Its name; <c>name</c> and <c>name:latest</c> are the same.</param>
/// <param name="Id">SHA-256 of the manifest in RFC 8785 form, 64 lower-case hexadecimal digits.</param>
/// <param name="Folder">Where its files are.</param>
/// <param name="Manifest">What they must be.</param>
/// <param name="Bytes">All files together.</param>
/// <param name="ModifiedAt">When its manifest was written here.</param>
public sealed record StoredModel(string Name, string Id, string Folder, ModelManifest Manifest, long Bytes, DateTimeOffset ModifiedAt)
{
    /// <summary>True if this is its name, with or without <c>:latest</c>, or its id.</summary>
    internal bool IsCalled(string name) => Id == name || ModelName.AreSame(Name, name);
}
