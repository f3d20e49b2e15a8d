using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Metrics;
using OffLM.Edge.Lan.NodeApi;
using OffLM.Edge.Lan.Ollama;
using OffLM.Edge.Lan.OpenAi;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan;

/// <summary>The node's HTTP doors.</summary>
public sealed class LanServer : IAsyncDisposable
{
    /// <summary>
    /// What a client that doesn't read leaves in memory. Small also because bytes in this buffer have been "flushed" without having
    /// left; a token's event has about 200.
    /// </summary>
    private const int ResponseBufferBytes = 4096;

    /// <summary>Kestrel's default; below what one token a second needs.</summary>
    private const double MinReadBytesPerSecond = 240;

    private readonly WebApplication _app;
    private readonly NodeMetrics _metrics;

    private LanServer(WebApplication app, NodeMetrics metrics)
    {
        _app = app;
        _metrics = metrics;
    }

    /// <summary>The addresses listened on, with the real port numbers.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Builds the server; nothing listens yet.</summary>
    /// <param name="node">What it is the door of.</param>
    /// <param name="options">Where it listens, and whom it lets in.</param>
    /// <param name="loggers">For the web server's own log.</param>
    /// <param name="time">The clock for slowing down wrong keys; null for the system's.</param>
    public static LanServer Create(Node node, LanOptions options, ILoggerFactory loggers, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.CreateBoundListenSocket = ControlSocket.Bind).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxResponseBufferSize = ResponseBufferBytes;
            kestrel.Limits.MinResponseDataRate = new MinDataRate(MinReadBytesPerSecond, options.ReaderPatience);
            foreach (var endpoint in options.Listen)
            {
                kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
            }

            if (options.ControlSocket is { } socket)
            {
                ControlSocket.Listen(kestrel, socket);
            }
        });
        var app = builder.Build();
        var metrics = new NodeMetrics(node);
        app.UseRouting();
        MetricsEndpoint.Count(app, metrics);
        UnmatchedRequests.Explain(app);
        AccessControl.Use(app, node, options, time ?? TimeProvider.System);
        OpenAiApi.Map(app, node, options);
        OllamaApi.Map(app, node, options);
        NodeEndpoints.Map(app, node, options, metrics, loggers);
        return new LanServer(app, metrics);
    }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">An address is in use or not this machine's.</exception>
    public Task StartAsync(CancellationToken cancellation) => _app.StartAsync(cancellation);

    /// <summary>Stops to listen and lets requests end.</summary>
    public Task StopAsync(CancellationToken cancellation) => _app.StopAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _metrics.Dispose();
    }
}
