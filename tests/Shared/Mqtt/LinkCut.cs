using System.Diagnostics;

namespace OffLM.Shared.Mqtt;

/// <summary>How a connection ends, or seems not to.</summary>
internal enum CutKind
{
    /// <summary>Both sides are reset, as by a crash.</summary>
    Reset,

    /// <summary>Both sides are closed in an orderly way, as by a proxy that restarts.</summary>
    Close,

    /// <summary>It stays open, and nothing passes any more, as behind a router that lost its table.</summary>
    Silence,
}

/// <summary>When and how one connection breaks.</summary>
/// <param name="toServer">Whose bytes are counted: those to the server, or those to the client.</param>
/// <param name="afterBytes">So many of them are passed on, and not one more.</param>
/// <param name="kind">What happens then.</param>
internal sealed class LinkCut(bool toServer, int afterBytes, CutKind kind)
{
    private long _happened;

    public bool ToServer => toServer;

    public int AfterBytes => afterBytes;

    public CutKind Kind => kind;

    /// <summary>When it happened, as <see cref="Stopwatch"/> counts; null before.</summary>
    public long? Happened => Interlocked.Read(ref _happened) is > 0 and var at ? at : null;

    public void Happens() => Interlocked.CompareExchange(ref _happened, Stopwatch.GetTimestamp(), 0);

    public override string ToString() => $"{kind} after {afterBytes} bytes to the {(toServer ? "server" : "client")}";
}
