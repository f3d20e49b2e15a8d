using OffLM.Edge.Tests.Shared.GenAi;

namespace OffLM.ModelForge.Tests;

/// <summary>The tiny preset, written once and loaded once for all tests of a class.</summary>
public sealed class TinyModel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyModel()
    {
        Forge.Write(_folder.Root, ModelRecipe.Tiny);
        Loaded = new GenAiModel(Natives.Folder, _folder.Root);
    }

    public string Folder => _folder.Root;

    internal GenAiModel Loaded { get; }

    public void Dispose()
    {
        Loaded.Dispose();
        _folder.Dispose();
    }
}
