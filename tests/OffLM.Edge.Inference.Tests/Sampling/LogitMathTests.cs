namespace OffLM.Edge.Inference.Tests.Sampling;

public sealed class LogitMathTests
{
    public static TheoryData<int> Lengths => [1, 3, 16, 31, 203, 1024, 1025, 5000];

    [Theory]
    [MemberData(nameof(Lengths))]
    public void The_largest_value_is_found_wherever_it_stands(int length)
    {
        for (var place = 0; place < length; place++)
        {
            var values = Enumerable.Repeat(-7f, length).ToArray();
            values[place] = -2.5f;
            Assert.Equal(-2.5f, LogitMath.Max(values));
            Assert.Equal(place, LogitMath.IndexOf(values, -2.5f));
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void One_value_that_is_no_number_makes_the_largest_none_wherever_it_stands(int length)
    {
        for (var place = 0; place < length; place++)
        {
            var values = Enumerable.Range(0, length).Select(i => (float)i).ToArray();
            values[place] = float.NaN;
            Assert.True(float.IsNaN(LogitMath.Max(values)), $"NaN at {place} of {length} was passed over");
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Sums_of_exponentials_are_right_to_five_digits(int length)
    {
        var random = new Random(length);
        var values = Enumerable.Range(0, length).Select(_ => (float)((random.NextDouble() * 120) - 100)).ToArray();
        var max = values.Max();
        foreach (var scale in new[] { 0.5f, 1, 3 })
        {
            var expected = values.Sum(v => Math.Exp(((double)v - max) * scale));
            var each = new float[length];
            LogitMath.Exp(values, max, scale, each);
            Assert.Equal(1, LogitMath.SumExp(values, max, scale) / expected, 1e-5);
            Assert.Equal(1, each.Sum(value => (double)value) / expected, 1e-5);
        }
    }

    [Fact]
    public void Each_exponential_is_right_to_five_digits_and_nothing_far_below()
    {
        // Each value alone in a whole vector of values that weigh nothing.
        var values = Enumerable.Repeat(float.NegativeInfinity, 64).ToArray();
        for (var x = 0f; x > -86; x -= 0.37f)
        {
            values[5] = x;
            Assert.Equal(1, LogitMath.SumExp(values, 0, 1) / Math.Exp(x), 1e-5);
        }

        values[5] = -90;
        Assert.Equal(0, LogitMath.SumExp(values, 0, 1));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void What_is_above_a_limit_is_stopped_at_wherever_it_stands(int length)
    {
        for (var place = 0; place < length; place++)
        {
            var values = Enumerable.Repeat(1f, length).ToArray();
            values[place] = 1.5f;
            Assert.InRange(LogitMath.Above(values, 0, 1), Math.Max(0, place - 31), place);
        }
    }
}
