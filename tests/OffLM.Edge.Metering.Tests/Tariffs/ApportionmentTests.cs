using System.Numerics;
using FsCheck.Fluent;
using OffLM.Edge.Metering.Tariffs;

namespace OffLM.Edge.Metering.Tests;

public sealed class ApportionmentTests
{
    [Fact]
    public void Parts_add_up_and_none_is_an_atto_or_more_from_its_share()
    {
        var cases =
            from amount in Amounts.UpTo(UInt128.MaxValue)
            from count in Gen.Choose(1, 8)
            from weights in Amounts.UpTo(ulong.MaxValue / 8).Select(w => (ulong)w).ArrayOf(count)
            where weights.Any(w => w > 0)
            select (amount, weights);
        Amounts.Check(cases, c =>
        {
            var parts = Apportionment.Divide(c.amount, c.weights);
            var total = c.weights.Aggregate(BigInteger.Zero, (sum, weight) => sum + weight);
            return FeeTests.Sum(parts) == c.amount
                && parts.Zip(c.weights).All(p => BigInteger.Abs((p.First * total) - (p.Second * (BigInteger)c.amount)) < total);
        });
    }

    [Fact]
    public void What_is_left_goes_to_the_largest_remainders()
    {
        // 10 over 6 + 3 + 1: no remainders. 11: 6.6, 3.3, 1.1: the first has the largest.
        Assert.Equal([(UInt128)6, 3, 1], Apportionment.Divide(10, [6, 3, 1]));
        Assert.Equal([(UInt128)7, 3, 1], Apportionment.Divide(11, [6, 3, 1]));

        // 5: 3.0, 1.5, 0.5: a tie, the earlier part.
        Assert.Equal([(UInt128)3, 2, 0], Apportionment.Divide(5, [6, 3, 1]));

        // 2 over three equal parts: the first two.
        Assert.Equal([(UInt128)1, 1, 0], Apportionment.Divide(2, [1, 1, 1]));
    }

    [Fact]
    public void A_weight_of_zero_gets_nothing() => Amounts.Check(
        Amounts.UpTo(UInt128.MaxValue),
        amount => Apportionment.Divide(amount, [0, 7, 0, 13]) is [var first, _, var third, _] && first == 0 && third == 0);

    [Fact]
    public void Weights_that_are_all_zero_or_too_large_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Apportionment.Divide(1, [0, 0]));
        Assert.Throws<ArgumentException>(() => Apportionment.Divide(1, []));
        Assert.Throws<OverflowException>(() => Apportionment.Divide(1, [ulong.MaxValue, 1]));
    }
}
