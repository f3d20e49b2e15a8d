namespace OffLM.Edge.Metering.Tariffs;

/// <summary>The one rounding rule of all money: to nearest, ties to even.</summary>
internal static class Rounding
{
    public static UInt128 HalfToEven(UInt128 numerator, UInt128 denominator)
    {
        var (quotient, remainder) = UInt128.DivRem(numerator, denominator);
        var half = denominator - remainder;
        var up = remainder > half || (remainder == half && UInt128.IsOddInteger(quotient));
        return up ? quotient + 1 : quotient;
    }
}
