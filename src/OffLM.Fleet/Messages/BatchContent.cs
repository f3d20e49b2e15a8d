using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Messages;

/// <summary>What a batch message holds beside the signed fields.</summary>
/// <param name="Entries">In order of sequence.</param>
/// <param name="Tariffs">By struct hash.</param>
/// <param name="Schedules">By struct hash.</param>
internal sealed record BatchContent(
    IReadOnlyList<BatchEntry> Entries, IReadOnlyDictionary<Bytes32, Tariff> Tariffs, IReadOnlyDictionary<Bytes32, Schedule> Schedules);

/// <summary>A receipt, or only its leaf.</summary>
/// <param name="Receipt">Null where it isn't disclosed.</param>
/// <param name="Leaf">The given leaf where it isn't; else zero, and the leaf is the receipt's struct hash.</param>
internal readonly record struct BatchEntry(Receipt? Receipt, Bytes32 Leaf);
