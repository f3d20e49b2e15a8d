using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Some texts whose embeddings are wanted: waits, is computed batch by batch, ends.</summary>
public sealed class Embedding
{
    private readonly TaskCompletionSource<EmbeddingResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly OrtRunOptions _options = new();
    private readonly Action _wake;
    private readonly int[] _order;
    private bool _ended;

    internal Embedding(IReadOnlyList<int[]> sequences, int dimensions, long createdAt, Action<int>? computed, Action wake)
    {
        Sequences = sequences;
        Dimensions = dimensions;
        Vectors = new float[checked(sequences.Count * dimensions)];
        CreatedAt = createdAt;
        Computed = computed;
        _wake = wake;
        _order = new int[sequences.Count];
        var lengths = new int[sequences.Count];
        for (var i = 0; i < _order.Length; i++)
        {
            (_order[i], lengths[i]) = (i, -sequences[i].Length);
        }

        // Sequences of like length beside each other: padding is computed too.
        Array.Sort(lengths, _order);
    }

    /// <summary>How it went. Never faults: engine errors are a <see cref="FinishReason.Error"/>.</summary>
    public Task<EmbeddingResult> Completion => _completion.Task;

    /// <summary>True once the first batch is being computed.</summary>
    public bool HasBegun => BegunAt != 0;

    internal IReadOnlyList<int[]> Sequences { get; }

    internal int Dimensions { get; }

    internal float[] Vectors { get; }

    internal long CreatedAt { get; }

    internal long BegunAt { get; set; }

    internal bool RanAlone { get; set; } = true;

    /// <summary>Sequences that are done.</summary>
    internal int Done { get; set; }

    internal bool IsCancelled { get; private set; }

    internal OrtRunOptions Options => _options;

    /// <summary>Told how many tokens each batch had, on the loop's thread.</summary>
    internal Action<int>? Computed { get; }

    /// <summary>Ends it soon, also during a batch, with <see cref="FinishReason.Cancelled"/>. From any thread, repeatedly.</summary>
    public void Cancel()
    {
        IsCancelled = true;
        Abort();
        _wake();
    }

    /// <summary>Makes a running batch fail soon.</summary>
    internal void Abort()
    {
        lock (_gate)
        {
            if (!_ended)
            {
                _options.Terminate();
            }
        }
    }

    /// <summary>The next places to compute, longest sequences first: as many as fit, at least one.</summary>
    /// <param name="tokens">Tokens in all, padding included.</param>
    /// <param name="most">Sequences at most.</param>
    internal ReadOnlySpan<int> NextPlaces(int tokens, int most)
    {
        var count = Math.Clamp(tokens / Sequences[_order[Done]].Length, 1, most);
        return _order.AsSpan(Done, Math.Min(count, _order.Length - Done));
    }

    internal void End(EmbeddingResult result)
    {
        lock (_gate)
        {
            _ended = true;
            _options.Dispose();
        }

        _completion.TrySetResult(result);
    }
}

/// <summary>How some texts' embeddings went.</summary>
/// <param name="Reason">Stop when all are there; else why they are not.</param>
/// <param name="Vectors">One embedding after the other, in the order of the texts; empty unless all are there.</param>
/// <param name="Dimensions">Numbers of one embedding.</param>
/// <param name="QueueTime">Waiting for its turn.</param>
/// <param name="ComputeTime">From there to the end.</param>
/// <param name="RanAlone">True if nothing else was computed meanwhile.</param>
/// <param name="Error">For <see cref="FinishReason.Error"/>: the engine's message.</param>
public sealed record EmbeddingResult(
    FinishReason Reason, float[] Vectors, int Dimensions, TimeSpan QueueTime, TimeSpan ComputeTime, bool RanAlone, string? Error);
