using OffLM.Edge.Metering.Tariffs;

namespace OffLM.Edge.Metering.Tests;

public sealed class TariffTests
{
    private static readonly Tariff Dearest = new()
    {
        Input = Tariff.MaxRate,
        CachedInput = Tariff.MaxRate,
        Output = Tariff.MaxRate,
        Flat = Tariff.MaxFlat,
        Provider = 10_000,
    };

    public static TheoryData<Tariff, string> OutOfRange => new()
    {
        { Dearest with { Input = Tariff.MaxRate + 1 }, "input" },
        { Dearest with { CachedInput = Tariff.MaxRate + 1 }, "cachedInput" },
        { Dearest with { Output = UInt128.MaxValue }, "output" },
        { Dearest with { Flat = Tariff.MaxFlat + 1 }, "flat" },
        { Dearest with { Percent = 10_001 }, "percent" },
        { Dearest with { Provider = 9_999 }, "9999" },
        { Dearest with { Model = 1 }, "10001" },
    };

    [Fact]
    public void The_built_in_tariff_and_the_dearest_are_in_range()
    {
        Assert.Null(Tariff.Free.Problem());
        Assert.Null(Dearest.Problem());
    }

    [Theory, MemberData(nameof(OutOfRange))]
    public void What_is_out_of_range_is_named(Tariff tariff, string part) => Assert.Contains(part, tariff.Problem());
}
