using OffLM.Edge.Board.Governing;

namespace OffLM.Edge.Board.Tests.Governing;

public sealed class ThermalModelTests
{
    [Fact]
    public void It_learns_how_a_zone_follows_power_and_predicts_it()
    {
        const double a = 0.9;
        const double b = 0.06;
        var random = new Random(3);
        var model = new ThermalModel(secondsConstant: 5, degreesPerWatt: 0.4);
        var celsius = 40.0;
        for (var second = 0; second < 900; second++)
        {
            var watts = second / 30 % 2 == 0 ? 6 : 24;
            model.Observe(celsius + ((random.NextDouble() - 0.5) * 0.05), watts);
            celsius = (a * celsius) + (b * watts) + 3.4;
        }

        model.Observe(celsius, 6);

        Assert.InRange(model.A, 0.87, 0.93);
        Assert.InRange(model.B, 0.05, 0.07);
        var expected = celsius;
        for (var second = 0; second < 8; second++)
        {
            expected = (a * expected) + (b * 24) + 3.4;
        }

        Assert.InRange(model.Predict(24, 8), expected - 0.7, expected + 0.7);
        Assert.InRange(model.Predict(model.PowerFor(70, 8), 8), 69.99, 70.01);
    }

    [Fact]
    public void Noise_alone_teaches_it_nothing()
    {
        var random = new Random(3);
        var model = new ThermalModel(8, 0.7);
        var (a, b) = (model.A, model.B);
        for (var second = 0; second < 3600; second++)
        {
            model.Observe(60 + (random.NextDouble() * 0.2), 20 + (random.NextDouble() * 0.5));
        }

        Assert.Equal((a, b), (model.A, model.B));
    }
}
