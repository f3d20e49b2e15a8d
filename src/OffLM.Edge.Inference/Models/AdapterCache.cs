namespace OffLM.Edge.Inference;

/// <summary>The adapters that are in memory beside one loaded model: few of the many that there may be, those used last.</summary>
/// <param name="engine">The model's.</param>
/// <param name="capacity">How many.</param>
internal sealed class AdapterCache(IModelEngine engine, int capacity) : IDisposable
{
    private readonly Lock _gate = new();

    /// <summary>The one used last at the end.</summary>
    private readonly List<LoraAdapter> _resident = [];

    /// <summary>Gets an adapter, held for the caller; loads it if need be, which makes the one that was not used for longest leave.</summary>
    /// <exception cref="ModelLoadException">It can't be loaded, or not beside this model.</exception>
    internal LoraAdapter Acquire(StoredModel model)
    {
        lock (_gate)
        {
            var found = _resident.Find(a => a.Id == model.Id);
            if (found is null)
            {
                found = engine is IEngine answering
                    ? answering.LoadAdapter(model)
                    : throw new ModelLoadException($"The adapter {model.Name} can't be loaded: its base model makes embeddings.");
                if (_resident.Count == capacity)
                {
                    _resident[0].LetGo();
                    _resident.RemoveAt(0);
                }
            }
            else
            {
                _resident.Remove(found);
            }

            _resident.Add(found);
            found.Hold();
            return found;
        }
    }

    /// <summary>How many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _resident.Count;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _resident.ForEach(a => a.LetGo());
            _resident.Clear();
        }
    }
}
