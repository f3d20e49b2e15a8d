using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>The words by which the node API names states that the signed structures number.</summary>
internal static class Words
{
    public static string Of(Outcome outcome) => outcome switch
    {
        Outcome.Stop => "stop",
        Outcome.Length => "length",
        Outcome.Cancelled => "cancelled",
        Outcome.Interrupted => "interrupted",
        Outcome.LimitReached => "limit",
        Outcome.EngineError => "error",
        Outcome.Void => "void",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "No receipt has this outcome."),
    };

    public static string Of(RequestApi api) => api switch
    {
        RequestApi.OpenAi => "openai",
        RequestApi.Ollama => "ollama",
        _ => "node",
    };

    public static string Of(ClockSource clock) => clock switch
    {
        ClockSource.HardwareClock => "hardware",
        ClockSource.NetworkTime => "network",
        _ => "unsynchronised",
    };

    /// <summary>The state of a receipt whose batch was refused, or that was passed over by a rollback.</summary>
    public const string Refused = "refused";

    public static string Of(PowerSource source) => source switch
    {
        PowerSource.Rail => "rail",
        PowerSource.Rapl => "rapl",
        PowerSource.Simulated => "simulated",
        _ => "none",
    };

    /// <param name="batch">The batch that a receipt is in; null for an open one.</param>
    public static string StateIn(StoredBatch? batch) => batch?.State switch
    {
        null => "open",
        BatchState.Sent => "sent",
        BatchState.Settled => "settled",
        BatchState.Refused => Refused,
        _ => "signed",
    };

    /// <summary>A time from Unix milliseconds; what no calendar reaches is the calendar's end.</summary>
    public static DateTimeOffset Time(ulong unixMilliseconds) =>
        DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(unixMilliseconds, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    public static string Of(KeyClass key) => key == KeyClass.KeyFile ? "file" : "card";
}
