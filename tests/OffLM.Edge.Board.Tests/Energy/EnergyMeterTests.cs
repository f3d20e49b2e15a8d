using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Energy;

public sealed class EnergyMeterTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void An_answer_that_runs_alone_is_given_what_is_drawn_above_idle()
    {
        var meter = Rested();
        var answer = meter.Open();
        for (var i = 0; i < 100; i++)
        {
            answer.Add(3);
            Sample(meter, 25);
        }

        Assert.InRange(answer.Close() / 1e6, 199, 201);
    }

    [Fact]
    public void Answers_that_overlap_share_each_interval_by_their_tokens()
    {
        var meter = Rested();
        var (one, three) = (meter.Open(), meter.Open());
        for (var i = 0; i < 100; i++)
        {
            one.Add(1);
            three.Add(3);
            Sample(meter, 25);
        }

        Assert.InRange(one.Close() / 1e6, 49, 51);
        Assert.InRange(three.Close() / 1e6, 149, 151);
    }

    [Fact]
    public void A_prompt_that_is_being_computed_pays_as_much_as_the_busiest_answer()
    {
        var meter = Rested();
        var (decoding, prefilling) = (meter.Open(), meter.Open());
        for (var i = 0; i < 10; i++)
        {
            decoding.Add(4);
            Sample(meter, 25);
        }

        Assert.InRange((double)prefilling.Microjoules / decoding.Microjoules, 0.99, 1.01);
    }

    [Fact]
    public void An_answer_that_ends_before_the_first_sample_has_its_energy_at_the_power_read_first()
    {
        var meter = new EnergyMeter(5, _time);
        meter.Begin(25_000);
        var answer = meter.Open();
        answer.Add(5);
        _time.Advance(0.05);

        Assert.InRange(answer.Close() / 1e6, 0.99, 1.01);
    }

    [Fact]
    public void An_answer_before_anything_is_known_of_the_draw_is_given_nothing()
    {
        var meter = new EnergyMeter(null, _time);
        meter.Begin(double.NaN);
        var answer = meter.Open();
        answer.Add(5);
        _time.Advance(0.05);

        Assert.Equal(0UL, answer.Close());
        Sample(meter, 7);
        Assert.Equal(7, meter.IdleWatts);
    }

    [Fact]
    public void An_answer_shorter_than_an_interval_has_its_energy_at_once_and_nothing_is_counted_twice()
    {
        var meter = Rested();
        Sample(meter, 25);
        var answer = meter.Open();
        answer.Add(5);
        _time.Advance(0.05);
        Assert.InRange(answer.Close() / 1e6, 0.99, 1.01);

        _time.Advance(0.05);
        meter.Add(25_000, 0.1);

        Assert.InRange(meter.AttributedJoules, 0.99, 1.01);
    }

    [Fact]
    public void Over_a_random_hour_nothing_is_given_that_was_not_measured_and_idle_is_learned()
    {
        using var run = new SimulatedRun(new() { Watts = 20 });
        var random = new Random(5);
        var open = new List<(EnergyAccount Account, double Until)>();
        var (given, trulyMeasured, trulyComputed, now) = (0.0, 0.0, 0.0, 0.0);
        run.Run(3600, () =>
        {
            now += 0.1;
            trulyMeasured += run.Physics.Watts * 0.1;
            trulyComputed += run.Physics.ComputeWatts * 0.1;
            foreach (var (account, _) in open)
            {
                account.Add(random.Next(0, 4));
            }

            foreach (var ended in open.Where(o => o.Until <= now).ToList())
            {
                given += ended.Account.Close() / 1e6;
                open.Remove(ended);
            }

            if (random.NextDouble() < (now % 600 < 300 ? 0.02 : 0.002))
            {
                open.Add((run.Runtime.Energy.Open(), now + (random.NextDouble() * 40)));
            }

            run.Load = open.Count > 0 ? 1 : 0;
        });
        given += open.Sum(o => o.Account.Close() / 1e6);
        var meter = run.Runtime.Energy;

        Assert.InRange(meter.MeasuredJoules / trulyMeasured, 0.99, 1.01);
        Assert.InRange((given + meter.IdleJoules) / trulyMeasured, 0.99, 1.01);
        Assert.InRange(given, 0, meter.MeasuredJoules);
        Assert.InRange(given / trulyComputed, 0.95, 1.1);
        Assert.InRange(meter.IdleWatts, 4.6, 7);
    }

    [Fact]
    public void A_missing_sample_is_nobodys_and_not_made_up()
    {
        var meter = Rested();
        var answer = meter.Open();
        answer.Add(1);
        var measured = meter.MeasuredJoules;
        Sample(meter, double.NaN);

        Assert.Equal(0UL, answer.Close());
        Assert.Equal(measured, meter.MeasuredJoules);
    }

    [Fact]
    public void A_day_has_its_cost_by_the_hour()
    {
        var prices = Enumerable.Repeat("0.10", 12).Concat(Enumerable.Repeat("0.40", 12)).ToArray();
        Assert.True(ElectricityPrice.TryParse(prices, out var price));
        using var run = new SimulatedRun(new() { Price = price });
        run.Time.AdvanceTo(11, 30);
        run.Run(1);
        run.Run(3600);

        var day = run.Runtime.Status().Today;

        Assert.InRange(day.Cost, day.Joules / 3.6e6 * 0.24, day.Joules / 3.6e6 * 0.26);
        Assert.Equal(360, run.Runtime.Status().History.Count);
    }

    private EnergyMeter Rested()
    {
        var meter = new EnergyMeter(null, _time);
        for (var i = 0; i < 600; i++)
        {
            Sample(meter, 5);
        }

        return meter;
    }

    private void Sample(EnergyMeter meter, double watts)
    {
        _time.Advance(0.1);
        meter.Add(watts * 1000, 0.1);
    }
}
