using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace OffLM.Edge.Board.Energy;

/// <summary>What a kilowatt-hour costs, by the hour of the day on the wall, in the household's currency.</summary>
public sealed class ElectricityPrice
{
    private readonly double[] _byHour;

    private ElectricityPrice(double[] byHour) => _byHour = byHour;

    /// <summary>Reads one price for all hours, or 24 from midnight on.</summary>
    public static bool TryParse(IReadOnlyList<string> items, [NotNullWhen(true)] out ElectricityPrice? price)
    {
        price = null;
        var values = new double[items.Count];
        for (var i = 0; i < items.Count; i++)
        {
            if (!double.TryParse(items[i], NumberStyles.Float, CultureInfo.InvariantCulture, out values[i]) || !double.IsFinite(values[i]))
            {
                return false;
            }
        }

        price = values.Length is 1 or 24 ? new ElectricityPrice(values) : null;
        return price is not null;
    }

    /// <summary>Per kilowatt-hour.</summary>
    public double At(int hour) => _byHour[_byHour.Length == 1 ? 0 : hour];

    /// <summary>What this much costs in this hour.</summary>
    public double Of(double joules, int hour) => joules / 3.6e6 * At(hour);
}
