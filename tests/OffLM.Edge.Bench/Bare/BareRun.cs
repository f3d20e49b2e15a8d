using System.Globalization;

namespace OffLM.Edge.Bench.Bare;

/// <summary>How a bare generation went.</summary>
/// <param name="Tokens">Generated.</param>
/// <param name="ToFirst">From making the generator to its first token.</param>
/// <param name="Total">From there to the last.</param>
/// <param name="FirstIsText">Whether the first token alone is whole characters.</param>
internal sealed record BareRun(int Tokens, TimeSpan ToFirst, TimeSpan Total, bool FirstIsText)
{
    public double TokensPerSecond => Tokens / Total.TotalSeconds;

    public static BareRun Parse(string line) => line.Split(' ') is [var tokens, var toFirst, var total, var isText]
        ? new((int)Number(tokens), TimeSpan.FromTicks(Number(toFirst)), TimeSpan.FromTicks(Number(total)), bool.Parse(isText))
        : throw new FormatException($"Expected the outcome of a bare run, got '{line}'.");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Tokens} {ToFirst.Ticks} {Total.Ticks} {FirstIsText}");

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
