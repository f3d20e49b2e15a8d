namespace OffLM.CardSimulator.Card;

/// <summary>How a card does what the specification leaves open; cards differ in these.</summary>
public sealed record CardManners
{
    /// <summary>It takes extended lengths, and says so.</summary>
    public bool ExtendedLength { get; init; } = true;

    /// <summary>It tells a wrong PIN with 63Cx; else with 6982 only.</summary>
    public bool TellsTries { get; init; } = true;

    /// <summary>Its signatures have a high s every time, which the specification allows and Ethereum doesn't.</summary>
    public bool HighS { get; init; }

    /// <summary>How long a signature takes.</summary>
    public TimeSpan SigningTime { get; init; }

    /// <summary>Waits for that long; returns sooner when the card loses its power.</summary>
    public Action<TimeSpan> Wait { get; init; } = Thread.Sleep;

    /// <summary>It knows only RSA.</summary>
    public bool RsaOnly { get; init; }
}
