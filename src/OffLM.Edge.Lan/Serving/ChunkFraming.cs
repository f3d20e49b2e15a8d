namespace OffLM.Edge.Lan.Serving;

/// <summary>What stands around the objects of a stream.</summary>
internal sealed class ChunkFraming
{
    private readonly byte[] _before;
    private readonly byte[] _after;
    private readonly byte[] _last;

    private ChunkFraming(string contentType, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, ReadOnlySpan<byte> last)
    {
        ContentType = contentType;
        _before = before.ToArray();
        _after = after.ToArray();
        _last = last.ToArray();
    }

    /// <summary>One object a line: Ollama's streams.</summary>
    public static ChunkFraming Lines { get; } = new("application/x-ndjson", ""u8, "\n"u8, ""u8);

    /// <summary>Server-sent events (WHATWG HTML, 9.2), with OpenAI's closing one.</summary>
    public static ChunkFraming Events { get; } = new("text/event-stream; charset=utf-8", "data: "u8, "\n\n"u8, "data: [DONE]\n\n"u8);

    public string ContentType { get; }

    public ReadOnlySpan<byte> Before => _before;

    public ReadOnlySpan<byte> After => _after;

    public ReadOnlySpan<byte> Last => _last;
}
