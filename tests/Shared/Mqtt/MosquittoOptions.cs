namespace OffLM.Shared.Mqtt;

/// <summary>How a broker for a test is set up; without any of this everyone may do everything.</summary>
internal sealed record MosquittoOptions
{
    /// <summary>User to password; anonymous clients are refused then.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();

    /// <summary>Lines of an ACL file, for example <c>topic readwrite a/#</c>.</summary>
    public IReadOnlyList<string> Acl { get; init; } = [];

    /// <summary>Keeps sessions, retained and queued messages on disk, for <see cref="MosquittoBroker.StartAgainAsync"/>.</summary>
    public bool Persistence { get; init; }

    /// <summary>PEM files of the broker's certificate and key; null: no TLS.</summary>
    public (string Certificate, string Key)? Tls { get; init; }

    /// <summary>PEM file of the authority whose client certificates are required; null: none are.</summary>
    public string? ClientCa { get; init; }

    /// <summary>Further lines for the configuration, for example <c>max_packet_size 4096</c>.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];
}
