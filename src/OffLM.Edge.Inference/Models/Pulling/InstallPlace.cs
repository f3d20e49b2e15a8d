namespace OffLM.Edge.Inference;

/// <summary>Where a pulled model goes. Its repository may call it anything, so a name belongs to the model that has it: only what is pulled from the
/// same repository replaces that one.</summary>
internal static class InstallPlace
{
    /// <param name="store">Where models are.</param>
    /// <param name="request">What is pulled.</param>
    /// <param name="name">What the model is called.</param>
    /// <returns>The folder; if it is there, it holds what the model replaces.</returns>
    /// <exception cref="ModelPullException">Another model has the name, or its folder.</exception>
    internal static string Of(ModelStore store, PullRequest request, string name)
    {
        var place = Path.Combine(store.Folder, FolderFor(request, name));
        foreach (var other in store.Folders())
        {
            var origin = PullOrigin.Of(other.Path, other.Model?.Id);
            if (other.Path == place ? !IsEarlier(other, origin, request, name) : other.Model?.IsCalled(name) == true)
            {
                var folder = Path.GetFileName(other.Path);
                var called = other.Model?.Name ?? folder;
                throw new ModelPullException(
                    $"{request.Origin} holds a model called \"{name}\", and another one is here already: \"{called}\" in the folder {folder}"
                    + (origin is null ? "" : $", pulled from {origin}") + $". Remove that first with 'offlm-edge model rm {called}', then pull again.");
            }
        }

        return place;
    }

    /// <exception cref="ModelPullException">It can't be a model's name.</exception>
    internal static string FolderFor(PullRequest request, string name)
    {
        try
        {
            return ModelName.ToFolder(name);
        }
        catch (ArgumentException e)
        {
            throw new ModelPullException($"{request.Origin} can't be pulled: {e.Message}", e);
        }
    }

    /// <summary>True if the model was pulled from the same repository. Where nobody wrote down where it comes from, a name with the repository's owner tells.</summary>
    private static bool IsEarlier(ModelFolder other, string? origin, PullRequest request, string name) =>
        (other.Model is null || ModelName.AreSame(other.Model.Name, name))
        && (origin is null ? request.Repository.Contains('/') && ModelName.AreSame(name, request.DefaultName) : origin == request.Origin);
}
