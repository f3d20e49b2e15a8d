using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A forged model that makes embeddings, in a store of its own.</summary>
public sealed class TinyEncoder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyEncoder()
    {
        Forge.Write(_folder.Path(EncoderRecipe.Tiny.Name), EncoderRecipe.Tiny);
        Store = new ModelStore(_folder.Root);
        Engine = Load(EncoderRecipe.Tiny.Name);
    }

    public ModelStore Store { get; }

    internal EmbeddingEngine Engine { get; }

    /// <summary>Another of the same weights.</summary>
    internal EmbeddingEngine Forged(EncoderRecipe recipe)
    {
        Forge.Write(_folder.Path(recipe.Name), recipe);
        return Load(recipe.Name);
    }

    public void Dispose()
    {
        Engine.Dispose();
        _folder.Dispose();
    }

    private EmbeddingEngine Load(string name)
    {
        var model = Store.Find(name);
        return EmbeddingEngine.Load(model.Folder, model.Manifest, new EncoderOptions(Threads: 1));
    }
}
