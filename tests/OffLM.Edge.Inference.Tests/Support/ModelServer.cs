using System.Net;
using System.Security.Cryptography;
using System.Text.Json;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A server with Hugging Face's layout that can be made to misbehave.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    public const string Repository = "someone/some-model";

    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public ModelServer()
    {
        // HttpListener can't choose a free port itself.
        while (true)
        {
            var port = Random.Shared.Next(20_000, 60_000);
            Address = new Uri($"http://127.0.0.1:{port}/");
            _listener.Prefixes.Clear();
            _listener.Prefixes.Add(Address.AbsoluteUri);
            try
            {
                _listener.Start();
                break;
            }
            catch (HttpListenerException)
            {
                _listener = new HttpListener();
            }
        }

        _loop = ServeAsync();
    }

    public Uri Address { get; }

    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Files with a digest in the list, as large ones have.</summary>
    public HashSet<string> Large { get; } = [];

    /// <summary>Digests that the list claims instead of the right ones.</summary>
    public Dictionary<string, string> Lies { get; } = [];

    /// <summary>Sizes that the list claims instead of the right ones, of files without a digest.</summary>
    public Dictionary<string, long> Sizes { get; } = [];

    /// <summary>Each request for a file ends the connection after so many bytes.</summary>
    public int? CutAfter { get; set; }

    /// <summary>How many cuts are left.</summary>
    public int Cuts { get; set; } = int.MaxValue;

    public bool SupportsRanges { get; set; } = true;

    /// <summary>What every request is answered with.</summary>
    public HttpStatusCode? Refusal { get; set; }

    /// <summary>How many refusals are left.</summary>
    public int Refusals { get; set; } = int.MaxValue;

    /// <summary>Requests for files: path, and from which byte.</summary>
    public List<(string Path, long From)> Requests { get; } = [];

    public void Add(string path, byte[] content, bool large = false)
    {
        Files[path] = content;
        if (large)
        {
            Large.Add(path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Close();
        await _loop.WaitAsync(TimeSpan.FromSeconds(30));
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                // A listener that is closed in the moment when it is asked for the next request never answers.
                await AnswerAsync(await _listener.GetContextAsync().WaitAsync(_stop.Token));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException or IOException or OperationCanceledException)
            {
                // The test closed the server, or the client the connection.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath);
        if (Refusal is { } status && Refusals > 0)
        {
            Refusals--;
            context.Response.StatusCode = (int)status;
            context.Response.Close();
        }
        else if (path == $"/api/models/{Repository}/tree/main")
        {
            context.Response.Close(List(), willBlock: true);
        }
        else if (path.StartsWith($"/{Repository}/resolve/main/", StringComparison.Ordinal)
            && Files.TryGetValue(path[$"/{Repository}/resolve/main/".Length..], out var content))
        {
            await SendAsync(context, path.Split('/')[^1], content);
        }
        else
        {
            context.Response.StatusCode = 404;
            context.Response.Close();
        }
    }

    private byte[] List()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var (path, content) in Files)
            {
                json.WriteStartObject();
                json.WriteString("type", "file");
                json.WriteString("path", path);
                json.WriteNumber("size", Sizes.TryGetValue(path, out var size) ? size : content.Length);
                if (Large.Contains(path))
                {
                    json.WriteStartObject("lfs");
                    json.WriteString("oid", Lies.GetValueOrDefault(path) ?? Convert.ToHexStringLower(SHA256.HashData(content)));
                    json.WriteNumber("size", content.Length);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return buffer.ToArray();
    }

    private async Task SendAsync(HttpListenerContext context, string name, byte[] content)
    {
        var range = context.Request.Headers["Range"];
        var from = SupportsRanges && range is not null ? int.Parse(range["bytes=".Length..].TrimEnd('-')) : 0;
        Requests.Add((name, from));
        if (from > 0)
        {
            context.Response.StatusCode = 206;
            context.Response.Headers["Content-Range"] = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.ContentLength64 = content.Length - from;
        if (CutAfter is { } limit && limit < content.Length - from && Cuts-- > 0)
        {
            await context.Response.OutputStream.WriteAsync(content.AsMemory(from, limit));
            await context.Response.OutputStream.FlushAsync();
            context.Response.Abort();
            return;
        }

        await context.Response.OutputStream.WriteAsync(content.AsMemory(from));
        context.Response.Close();
    }
}
