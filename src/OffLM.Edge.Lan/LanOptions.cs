using System.Net;

namespace OffLM.Edge.Lan;

/// <summary>How the node is reached over HTTP.</summary>
public sealed record LanOptions
{
    /// <summary>The addresses to listen on.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [new(IPAddress.Loopback, 11434)];

    /// <summary>True if programs on this machine need no key. To be false behind a proxy, where every caller seems to be local.</summary>
    public bool TrustLoopback { get; init; } = true;

    /// <summary>Networks whose callers need no key.</summary>
    public IReadOnlyList<IPNetwork> Open { get; init; } = [];

    /// <summary>Host names, beside addresses and this machine's own name, under which open access is allowed (against DNS rebinding).</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Web origins that may use open access from a browser; none but the node's own pages by default.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>The largest request body.</summary>
    public long MaxBodyBytes { get; init; } = 4 << 20;

    /// <summary>A client that takes nothing of its answer for so long is given up; more than a second.</summary>
    public TimeSpan ReaderPatience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The Unix socket for this machine's administrator; null for none.</summary>
    public string? ControlSocket { get; init; }

    /// <summary>The server that models are pulled from when a request names none.</summary>
    public Uri? ModelSource { get; init; }
}
