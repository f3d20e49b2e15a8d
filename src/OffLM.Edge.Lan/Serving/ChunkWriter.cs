using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Writes a stream of JSON objects in one API's framing; one buffer and one writer serve the whole response.</summary>
internal sealed class ChunkWriter(PipeWriter body, ChunkFraming framing, CancellationToken aborted) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private Utf8JsonWriter? _json;

    /// <summary>Begins an object; to be followed by <see cref="EndChunk"/>.</summary>
    public Utf8JsonWriter BeginChunk()
    {
        _buffer.Write(framing.Before);
        if (_json is null)
        {
            return _json = new Utf8JsonWriter(_buffer, JsonResponse.WriterOptions);
        }

        _json.Reset(_buffer);
        return _json;
    }

    public void EndChunk()
    {
        _json!.Flush();
        _buffer.Write(framing.After);
    }

    /// <summary>Writes what the API ends its streams with.</summary>
    public void EndStream() => _buffer.Write(framing.Last);

    /// <summary>Sends what was written.</summary>
    /// <returns>False if the client is gone: then nothing says that it got any of it.</returns>
    public async ValueTask<bool> SendAsync()
    {
        try
        {
            var flushed = await body.WriteAsync(_buffer.WrittenMemory, aborted);
            _buffer.ResetWrittenCount();
            return !flushed.IsCompleted && !aborted.IsCancellationRequested;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose() => _json?.Dispose();
}
