namespace OffLM.Edge.Metering.Tariffs;

/// <summary>The one rounding rule of all money: to nearest, ties to even.</summary>
internal static class Rounding
{
    public static UInt128 HalfToEven(UInt128 numerator, UInt128 denominator)
    {
        var (quotient, remainder) = UInt128.DivRem(numerator, denominator);
        return HalfToEven(quotient, remainder, denominator);
    }

    /// <summary>Rounds <paramref name="whole"/> and <paramref name="remainder"/> / <paramref name="denominator"/>; whether a tie goes up depends on all of the whole.</summary>
    public static UInt128 HalfToEven(UInt128 whole, UInt128 remainder, UInt128 denominator)
    {
        var half = denominator - remainder;
        var up = remainder > half || (remainder == half && UInt128.IsOddInteger(whole));
        return up ? checked(whole + 1) : whole;
    }
}
