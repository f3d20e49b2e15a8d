using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Running;

/// <summary>The tariffs that new requests are held under, by struct hash.</summary>
public sealed class TariffBook
{
    /// <summary>For the household's own use.</summary>
    public Bytes32 Free { get; private set; }

    /// <summary>For requests that somebody pays for.</summary>
    public Bytes32 InForce { get; private set; }

    /// <summary>Keeps both tariffs in the ledger.</summary>
    /// <exception cref="ArgumentException">The tariff is out of range.</exception>
    internal async Task LoadAsync(Ledger ledger, Tariff inForce, Schedule? schedule)
    {
        Free = await ledger.AddTariffAsync(Tariff.Free);
        InForce = await ledger.AddTariffAsync(inForce, schedule);
    }
}
