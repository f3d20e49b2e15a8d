using System.Collections.Concurrent;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>An engine whose tokens are ASCII characters and whose timing the test decides.</summary>
internal sealed class FakeEngine : IEngine
{
    public const int End = 0;

    private int _slots;

    /// <summary>What was computed, in order: slot number and what.</summary>
    public ConcurrentQueue<(int Slot, string What)> Log { get; } = new();

    /// <summary>The next token, from all before it.</summary>
    public Func<IReadOnlyList<int>, int> Next { get; set; } = tokens => 'a' + (tokens.Count % 26);

    /// <summary>Called in each slot's prefill and step; may block or throw.</summary>
    public Action<FakeSlot, string>? During { get; set; }

    /// <summary>Called when a slot's prefill is done and nothing can make it fail any more.</summary>
    public Action? Prefilled { get; set; }

    public int MaxBatch { get; init; } = 1;

    public int MaxSlots { get; init; } = int.MaxValue;

    /// <summary>Which slots were stepped together, in order.</summary>
    public ConcurrentQueue<int[]> Batches { get; } = new();

    public bool CanRewind { get; init; } = true;

    public bool CanCopySlots { get; init; }

    public int MaxDraft { get; init; }

    public bool IsDisposed { get; private set; }

    public EngineDescription Description { get; } = new("fake", "1", "CPU", 1);

    public int ContextLength { get; init; } = 8192;

    public int VocabularySize => 128;

    public IReadOnlyCollection<int> EndTokens { get; } = [End];

    public long CacheBytesPerToken { get; init; } = 1;

    public int[] Encode(string text) => [.. text.Select(c => (int)c)];

    public string Decode(ReadOnlySpan<int> tokens) => string.Concat(tokens.ToArray().Select(t => (char)t));

    public string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt) => messagesJson;

    public ITokenStream CreateTokenStream() => new Stream();

    public ISlot CreateSlot(int maxTokens, Guidance? guidance = null) => new FakeSlot(this, CreateSlotNumber(), maxTokens);

    public void Step(ReadOnlySpan<ISlot> slots, ReadOnlySpan<int> tokens)
    {
        Batches.Enqueue([.. slots.ToArray().Select(s => ((FakeSlot)s).Number)]);
        During?.Invoke((FakeSlot)slots[0], "batch");
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i].Step(tokens[i]);
        }
    }

    public int CreateSlotNumber() => Interlocked.Increment(ref _slots);

    public void Dispose() => IsDisposed = true;

    private sealed class Stream : ITokenStream
    {
        public string Append(int token) => ((char)token).ToString();

        public void Dispose()
        {
        }
    }
}
