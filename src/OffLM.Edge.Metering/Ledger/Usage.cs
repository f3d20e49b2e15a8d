using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>What has been delivered of a running answer; stored at least every second, never with its text.</summary>
/// <param name="Request">The hold's request.</param>
/// <param name="CachedTokens">Prompt tokens reused.</param>
/// <param name="CompletionTokens">Tokens delivered.</param>
/// <param name="CommitmentState">The completion commitment's hash state, <see cref="Keccak256.Save"/>.</param>
/// <param name="DurationMs">From admission.</param>
/// <param name="EnergyMicrojoules">Above the idle draw.</param>
/// <param name="EnergySource">Where that figure comes from.</param>
public sealed record Checkpoint(
    Bytes32 Request,
    uint CachedTokens,
    uint CompletionTokens,
    byte[] CommitmentState,
    uint DurationMs,
    ulong EnergyMicrojoules,
    EnergySource EnergySource);

/// <summary>What closes a hold.</summary>
/// <param name="Outcome">How the request ended.</param>
/// <param name="CachedTokens">Prompt tokens reused.</param>
/// <param name="CompletionTokens">Tokens delivered, or about to be with the last chunk.</param>
/// <param name="CompletionCommitment">Commitment to their text.</param>
/// <param name="ExecutionRecord">The whole replay record, canonical JSON; null keeps the hold's.</param>
/// <param name="DurationMs">From admission to the last token.</param>
/// <param name="EnergyMicrojoules">Above the idle draw.</param>
/// <param name="EnergySource">Where that figure comes from.</param>
/// <param name="Extension">The receipt's extension; zero for none.</param>
public sealed record Closing(
    Outcome Outcome,
    uint CachedTokens,
    uint CompletionTokens,
    Bytes32 CompletionCommitment,
    string? ExecutionRecord,
    uint DurationMs,
    ulong EnergyMicrojoules,
    EnergySource EnergySource,
    Bytes32 Extension = default);
