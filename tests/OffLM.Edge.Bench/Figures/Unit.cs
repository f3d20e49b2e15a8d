using System.Globalization;

namespace OffLM.Edge.Bench.Figures;

/// <summary>How values of one kind are written.</summary>
/// <param name="Suffix">Written after the number.</param>
/// <param name="Digits">After the point.</param>
/// <param name="Factor">What a value is multiplied with before it is written.</param>
internal sealed record Unit(string Suffix, int Digits, double Factor = 1)
{
    public static readonly Unit Percent = new(" %", 2, 100);
    public static readonly Unit Times = new(" ×", 2);
    public static readonly Unit Milliseconds = new(" ms", 1, 1000);
    public static readonly Unit FineMilliseconds = new(" ms", 3, 1000);
    public static readonly Unit Megabytes = new(" MB", 1, 1e-6);
    public static readonly Unit Bytes = new(" B", 0);
    public static readonly Unit TokensPerSecond = new(" tok/s", 1);
    public static readonly Unit PerSecond = new("/s", 0);

    public string Write(double value) => (value * Factor).ToString("F" + Digits, CultureInfo.InvariantCulture) + Suffix;

    /// <summary>Two values with the unit written once.</summary>
    public string Write(double low, double high) => $"{(low * Factor).ToString("F" + Digits, CultureInfo.InvariantCulture)} – {Write(high)}";
}
