namespace OffLM.Edge.Inference;

/// <summary>A folder of model folders.</summary>
public sealed class ModelStore(string folder)
{
    public string Folder => folder;

    /// <summary>The complete models. A folder with a bad manifest or wrong sizes is in <see cref="Problems"/> instead.</summary>
    public IReadOnlyList<StoredModel> List() => throw new NotImplementedException();

    /// <summary>Folders that look like models but can't be used, with the reason.</summary>
    public IReadOnlyList<string> Problems() => throw new NotImplementedException();

    /// <exception cref="ModelNotFoundException"/>
    public StoredModel Find(string name) => throw new NotImplementedException();

    /// <summary>Checks every file's digest. Cached in this process by size and time unless <paramref name="force"/>.</summary>
    /// <exception cref="ModelDamagedException"/>
    public Task VerifyAsync(StoredModel model, bool force, CancellationToken cancellationToken) => throw new NotImplementedException();

    public void Remove(StoredModel model) => throw new NotImplementedException();
}
