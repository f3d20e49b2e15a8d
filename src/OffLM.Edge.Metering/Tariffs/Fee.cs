using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Metering.Tariffs;

/// <summary>The price of one answer in whole atto-OFFLM.</summary>
/// <param name="Base">For the tokens.</param>
/// <param name="Platform">For the platform: flat, or a share of the base, or both.</param>
public readonly record struct Fee(UInt128 Base, UInt128 Platform)
{
    /// <summary>What the payer owes.</summary>
    public UInt128 Total => checked(Base + Platform);

    /// <summary>The price of these tokens. With no completion token delivered it is 0, the platform fee included.</summary>
    /// <exception cref="ArgumentException">More cached tokens than prompt tokens.</exception>
    /// <exception cref="OverflowException">A tariff beyond the allowed rates.</exception>
    public static Fee Of(Tariff tariff, uint promptTokens, uint cachedTokens, uint completionTokens) =>
        Of(tariff, promptTokens, cachedTokens, completionTokens, isDelivered: completionTokens > 0);

    private static Fee Of(Tariff tariff, uint promptTokens, uint cachedTokens, uint completionTokens, bool isDelivered)
    {
        if (cachedTokens > promptTokens)
        {
            throw new ArgumentException($"{cachedTokens} cached tokens of {promptTokens} prompt tokens.", nameof(cachedTokens));
        }

        if (!isDelivered)
        {
            return default;
        }

        checked
        {
            var thousandths = ((promptTokens - cachedTokens) * tariff.Input) + (cachedTokens * tariff.CachedInput) + (completionTokens * tariff.Output);
            var forTokens = Rounding.HalfToEven(thousandths, 1000);
            return new Fee(forTokens, tariff.Flat + BasisPoints.Of(forTokens, tariff.Percent));
        }
    }

    /// <summary>What a receipt must cost under its tariff; a void receipt costs nothing. Embeddings have no completion tokens: their texts are paid for
    /// when all of them were made.</summary>
    public static Fee Of(Tariff tariff, Receipt receipt) => receipt.Outcome == Outcome.Void
        ? default
        : Of(
            tariff, receipt.PromptTokens, receipt.CachedTokens, receipt.CompletionTokens,
            receipt.CompletionTokens > 0 || (receipt.Outcome == Outcome.Stop && receipt.Extension == EmbeddingMark.Extension));

    /// <summary>The most that an answer can cost, whatever turns out to be cached.</summary>
    public static UInt128 Ceiling(Tariff tariff, uint promptTokens, uint completionTokens)
    {
        var cachedCostsMore = tariff.CachedInput > tariff.Input;
        return Of(tariff, promptTokens, cachedCostsMore ? promptTokens : 0, completionTokens).Total;
    }

    /// <summary>The largest completion whose <see cref="Ceiling"/> is within a credit; 0 if not even one token is.</summary>
    public static uint AffordableTokens(Tariff tariff, uint promptTokens, uint limit, UInt128 credit)
    {
        if (limit == 0 || Ceiling(tariff, promptTokens, limit) <= credit)
        {
            return limit;
        }

        uint low = 0;
        var high = limit;
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (Ceiling(tariff, promptTokens, middle) <= credit)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Divides what is left after the platform fee: provider, model, stakers, contributors, in atto.</summary>
    public UInt128[] Divide(Tariff tariff) =>
        Apportionment.Divide(Base, [tariff.Provider, tariff.Model, tariff.Stakers, tariff.Contributors]);
}
