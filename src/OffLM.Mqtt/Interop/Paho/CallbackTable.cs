using System.Collections.Concurrent;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>
/// Names objects by numbers for the library's callbacks. A number that is gone finds nothing, so a late or repeated callback does
/// no harm, and nothing stays alive because a callback never came.
/// </summary>
internal sealed class CallbackTable<T>
    where T : class
{
    private readonly ConcurrentDictionary<nint, T> _objects = new();
    private long _last;

    public nint Add(T item)
    {
        var id = (nint)Interlocked.Increment(ref _last);
        _objects[id] = item;
        return id;
    }

    public T? Find(nint id) => _objects.GetValueOrDefault(id);

    public T? Remove(nint id) => _objects.TryRemove(id, out var item) ? item : null;
}
