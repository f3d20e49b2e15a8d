namespace OffLM.Mqtt.Interop.Paho;

/// <summary>How an operation ended.</summary>
/// <param name="Code">The library's: 0, or negative (<c>MQTTASYNC_…</c>).</param>
/// <param name="Reason">The broker's reason code; 0x80 and above are refusals.</param>
/// <param name="Text">The broker's reason string, if it gave one.</param>
/// <param name="Connack">Of a connect that succeeded: what the broker answered.</param>
internal sealed record PahoResult(int Code, int Reason, string? Text, PahoConnack? Connack = null)
{
    public bool IsSuccess => Code == NativeMethods.Success && Reason < 0x80;

    /// <summary>The link went before the broker answered.</summary>
    public bool IsUnknown => Code != NativeMethods.Success && Reason < 0x80;
}
