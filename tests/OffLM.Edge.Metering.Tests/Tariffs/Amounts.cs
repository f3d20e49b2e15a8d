using FsCheck;
using FsCheck.Fluent;

namespace OffLM.Edge.Metering.Tests;

/// <summary>Generators that reach the ends of a range as well as its middle.</summary>
internal static class Amounts
{
    /// <summary>Integers from 0 to <paramref name="max"/>, the two ends and small values often.</summary>
    public static Gen<UInt128> UpTo(UInt128 max)
    {
        var bytes = Gen.Choose(0, 255).ArrayOf(16);
        var any = bytes.Select(b => System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian([.. b.Select(i => (byte)i)]));
        return Gen.Frequency(
            (1, Gen.Constant(UInt128.Zero)),
            (2, Gen.Constant(max)),
            (3, Gen.Choose(0, 5000).Select(i => UInt128.Min((UInt128)i, max))),
            (6, any.Select(i => max == UInt128.MaxValue ? i : i % (max + 1))));
    }

    public static Gen<uint> Tokens => UpTo(uint.MaxValue).Select(i => (uint)i);

    /// <summary>Runs a property over <paramref name="cases"/> generated values.</summary>
    public static void Check<T>(Gen<T> generator, Func<T, bool> property, int cases = 2000) =>
        Prop.ForAll(generator.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(cases));
}
