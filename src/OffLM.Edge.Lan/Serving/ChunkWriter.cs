using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Serving;

/// <summary>
/// Writes a stream of JSON objects in one API's framing; one buffer and one writer serve the whole response. A client that takes nothing
/// for too long is given up: Kestrel's minimum data rate doesn't do it, since it sets off what was taken quickly before.
/// </summary>
/// <param name="context">The request that is answered.</param>
/// <param name="framing">What stands around the objects.</param>
/// <param name="patience">How long one flush may take, and by which clock.</param>
internal sealed class ChunkWriter(HttpContext context, ChunkFraming framing, ReaderPatience patience) : IDisposable
{
    private readonly PipeWriter _body = context.Response.BodyWriter;
    private readonly CancellationToken _aborted = context.RequestAborted;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly CancellationTokenSource _tooLong = new(Timeout.InfiniteTimeSpan, patience.Time);
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
    /// <returns>False if the client is gone or was given up: then nothing says that it got any of it.</returns>
    public async ValueTask<bool> SendAsync()
    {
        try
        {
            // A write of nothing would not send the headers.
            var flush = _buffer.WrittenCount > 0 ? _body.WriteAsync(_buffer.WrittenMemory, _tooLong.Token) : _body.FlushAsync(_tooLong.Token);
            if (!flush.IsCompleted)
            {
                _tooLong.CancelAfter(patience.Limit);
            }

            var flushed = await flush;
            _tooLong.CancelAfter(Timeout.InfiniteTimeSpan);
            _buffer.ResetWrittenCount();
            return !flushed.IsCompleted && !_aborted.IsCancellationRequested;
        }
        catch (OperationCanceledException)
        {
            context.Abort();
            return false;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _json?.Dispose();
        _tooLong.Dispose();
    }
}
