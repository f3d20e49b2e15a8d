namespace OffLM.Edge.Inference.Tests.Sampling;

public sealed class Xoshiro256Tests
{
    [Fact]
    public void It_gives_the_published_numbers_of_xoshiro256_starstar()
    {
        var random = new Xoshiro256(1, 2, 3, 4);
        ulong[] published =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
            16172922978634559625, 8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];

        Assert.Equal(published, published.Select(_ => random.Next()));
    }

    [Fact]
    public void Its_seed_is_spread_by_the_published_numbers_of_splitmix64()
    {
        var state = 1234567UL;
        ulong[] published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];

        Assert.Equal(published, published.Select(_ => Xoshiro256.SplitMix(ref state)));
    }

    [Fact]
    public void Doubles_lie_evenly_between_0_and_1()
    {
        var random = new Xoshiro256(7);
        var values = Enumerable.Range(0, 100_000).Select(_ => random.NextDouble()).ToList();

        Assert.All(values, v => Assert.InRange(v, 0, 1 - double.Epsilon));
        Assert.InRange(values.Average(), 0.495, 0.505);
    }
}
