namespace OffLM.Edge.Inference;

/// <summary>What a model is wanted for.</summary>
public enum ModelUse
{
    /// <summary>Just to be in memory.</summary>
    Any,

    /// <summary>To continue prompts.</summary>
    Answering,

    /// <summary>To make embeddings.</summary>
    Embedding,
}

/// <summary>The model can't do what is asked of it. The message says which kind can.</summary>
public sealed class WrongModelException(string message) : InferenceException(message)
{
    /// <exception cref="WrongModelException">The model is of the other kind.</exception>
    internal static void ThrowIfUnfit(StoredModel model, ModelUse use, ModelStore store)
    {
        var embeds = model.Manifest.Embedding is not null;
        if (use == ModelUse.Answering && embeds)
        {
            throw new WrongModelException(
                $"The model {model.Name} makes embeddings and can't answer. Ask it at /v1/embeddings or /api/embed, or use a model with the capability \"completion\"{Known(store, false)}.");
        }

        if (use == ModelUse.Embedding && !embeds)
        {
            throw new WrongModelException(
                $"The model {model.Name} answers and makes no embeddings. Use a model with the capability \"embedding\"{Known(store, true)}.");
        }
    }

    private static string Known(ModelStore store, bool embeds)
    {
        var names = store.List().Where(m => m.Manifest.Embedding is not null == embeds).Select(m => m.Name).ToArray();
        return names.Length == 0 ? "; there is none here, pull one first" : ", such as " + names[0];
    }
}
