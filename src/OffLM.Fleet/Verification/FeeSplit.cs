using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Fleet.Verification;

/// <summary>Adds a receipt's tokens, energy, fee and the exact parts of the fee to sums.</summary>
internal static class FeeSplit
{
    private static readonly Dictionary<Bytes32, Schedule> ReadyMade =
        Schedule.ByName.Values.ToDictionary(s => TypedStruct.Hash(s));

    /// <summary>The schedule that a tariff names: from the message, else one of the ready-made; null if it isn't known.</summary>
    public static Schedule? ScheduleOf(Tariff tariff, IReadOnlyDictionary<Bytes32, Schedule> given) =>
        (given.GetValueOrDefault(tariff.Schedule) ?? ReadyMade.GetValueOrDefault(tariff.Schedule)) is { } schedule && IsWhole(schedule) ? schedule : null;

    public static void Add(Sums sums, Receipt receipt, Fee fee, Tariff tariff, Schedule? schedule)
    {
        sums.Add(Figure.Receipts, 1);
        sums.Add(Figure.PromptTokens, receipt.PromptTokens);
        sums.Add(Figure.CachedTokens, receipt.CachedTokens);
        sums.Add(Figure.CompletionTokens, receipt.CompletionTokens);
        if (receipt.EnergySource != EnergySource.NotMeasured)
        {
            sums.Add(receipt.EnergySource == EnergySource.Simulated ? Figure.SimulatedEnergy : Figure.Energy, receipt.EnergyMicrojoules);
        }

        if (receipt.Fee == 0)
        {
            return;
        }

        sums.Add(Figure.Fees, receipt.Fee);
        var parts = fee.Divide(tariff);
        sums.Add(Figure.Provider, parts[0]);
        sums.Add(Figure.Model, parts[1]);
        sums.Add(Figure.Stakers, parts[2]);
        sums.Add(Figure.Contributors, parts[3]);
        if (fee.Platform == 0)
        {
            return;
        }

        sums.Add(Figure.Platform, fee.Platform);
        if (schedule?.Divide(fee.Platform) is { } platform)
        {
            sums.Add(Figure.PlatformProviders, platform[0]);
            sums.Add(Figure.PlatformValidators, platform[1]);
            sums.Add(Figure.PlatformBurn, platform[2]);
            sums.Add(Figure.PlatformTreasury, platform[3]);
        }
    }

    private static bool IsWhole(Schedule schedule) =>
        schedule.Providers + schedule.Validators + schedule.Burn + schedule.Treasury == BasisPoints.Whole;
}
