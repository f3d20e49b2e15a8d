namespace OffLM.Edge.Metering.Tariffs;

/// <summary>Shares in ten-thousandths.</summary>
public static class BasisPoints
{
    public const int Whole = 10_000;

    /// <summary>round(amount · points / 10000), half to even, without a wider integer than the amount's.</summary>
    public static UInt128 Of(UInt128 amount, ushort points)
    {
        var (quotient, remainder) = UInt128.DivRem(amount, Whole);
        var (more, rest) = UInt128.DivRem(remainder * points, Whole);
        return Rounding.HalfToEven(checked((quotient * points) + more), rest, Whole);
    }
}
