using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Status;

/// <summary>How the node stands with the network, as the room that speaks with it tells.</summary>
public sealed record NetworkStatus
{
    public required LinkStatus Link { get; init; }

    /// <summary>The fleet's name.</summary>
    public required string Fleet { get; init; }

    /// <summary>The address that the node goes by in topics; null before its first key.</summary>
    public required Address? Identity { get; init; }

    /// <summary>Whose verdicts settle.</summary>
    public required IReadOnlyList<Address> Collectors { get; init; }

    /// <summary>What was sent and heard since the start.</summary>
    public required NetworkCounts Counts { get; init; }

    /// <summary>Verdicts that were not taken since the start, by kind; kinds that never came are absent.</summary>
    public required IReadOnlyDictionary<string, long> RejectedVerdicts { get; init; }

    /// <summary>The last of them in a sentence; null if there was none.</summary>
    public required string? LastRejected { get; init; }

    /// <summary>What needs a person, in sentences; empty when all is well.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}

/// <summary>The connection to the broker.</summary>
/// <param name="State">off, connecting, connected, waiting.</param>
/// <param name="Broker">Its address, without credentials.</param>
/// <param name="Since">When this state began.</param>
/// <param name="Problem">Why there is no connection; null while there is one, and before the first attempt ended.</param>
/// <param name="Attempts">How often it was tried since the last connection.</param>
/// <param name="NextAttempt">When it is tried again; null while that is not awaited.</param>
public sealed record LinkStatus(string State, Uri Broker, DateTimeOffset Since, string? Problem, int Attempts, DateTimeOffset? NextAttempt)
{
    public bool IsConnected => State == "connected";
}

/// <summary>What was sent and heard since the start.</summary>
/// <param name="Connections">How often the link came up.</param>
/// <param name="BatchesSent">Batches that the broker took, those sent again included.</param>
/// <param name="BatchesSentAgain">Of those, the ones sent again.</param>
/// <param name="Settled">Batches that verdicts settled.</param>
/// <param name="Refused">Batches that verdicts refused.</param>
/// <param name="Repeated">Verdicts that said what was known.</param>
public sealed record NetworkCounts(long Connections, long BatchesSent, long BatchesSentAgain, long Settled, long Refused, long Repeated);
