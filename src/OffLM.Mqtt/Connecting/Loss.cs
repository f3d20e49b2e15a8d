namespace OffLM.Mqtt.Connecting;

/// <summary>Why a link ended.</summary>
/// <param name="Problem">In a sentence.</param>
/// <param name="StillOpen">It is we who end it: DISCONNECT must be sent.</param>
internal sealed record Loss(string Problem, bool StillOpen);
