using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Hosting;

/// <summary>Talks to the node that runs on this state directory, through its control socket.</summary>
internal sealed class ControlClient : IDisposable
{
    private readonly HttpClient _http;

    private ControlClient(HttpClient http) => _http = http;

    /// <summary>A client, if a node runs on this state directory.</summary>
    /// <exception cref="CommandException">A node runs, but its socket can't be used.</exception>
    public static ControlClient? Find(StateDirectory state)
    {
        if (!File.Exists(state.ControlSocket))
        {
            return null;
        }

        if (!IsAlive(state.ControlSocket))
        {
            return null;
        }

        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(state.ControlSocket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
            UseProxy = false,
        };
        return new ControlClient(new HttpClient(handler) { BaseAddress = new Uri("http://localhost"), Timeout = Timeout.InfiniteTimeSpan });
    }

    /// <summary>Sends a request and gives the answer's JSON.</summary>
    /// <exception cref="CommandException">The node refused; says why.</exception>
    public async Task<JsonDocument> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellation)
    {
        using var response = await OpenAsync(method, path, body, cancellation);
        var text = await response.Content.ReadAsByteArrayAsync(cancellation);
        return JsonDocument.Parse(text.Length == 0 ? "{}"u8.ToArray() : text);
    }

    /// <summary>Sends a request whose answer is one JSON document a line, and gives each as it comes.</summary>
    /// <exception cref="CommandException">The node refused; says why.</exception>
    public async IAsyncEnumerable<JsonDocument> StreamAsync(
        HttpMethod method, string path, string? body, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await OpenAsync(method, path, body, cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Length > 0)
            {
                yield return JsonDocument.Parse(line);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static bool IsAlive(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            return false;
        }
        catch (SocketException e)
        {
            throw new CommandException($"A node runs, but {path} can't be used: {e.Message} Run this command as the node's user or as root.", e);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, string? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                throw new CommandException(await ErrorOf(response, cancellation));
            }
        }
        catch (HttpRequestException e)
        {
            throw new CommandException($"The node did not answer: {e.Message}", e);
        }
    }

    private static async Task<string> ErrorOf(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.TryGetProperty("error", out var error))
            {
                return error.ValueKind == JsonValueKind.String ? error.GetString()! : error.GetProperty("message").GetString()!;
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Not our own error body: the status has to do.
        }

        return response.StatusCode == HttpStatusCode.NotFound ? "The node has no such thing." : $"The node answered {(int)response.StatusCode}.";
    }
}
