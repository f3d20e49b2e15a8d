using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Governing;

/// <remarks>One collection for all tests that start scripts: a script that a test writes can't be run while another test forks.</remarks>
[Collection("scripts")]
public sealed class GovernorTests
{
    [Theory]
    [InlineData(35)]
    [InlineData(45)]
    [InlineData(55)]
    public void However_hot_the_room_no_limit_is_crossed_and_the_node_goes_on_computing(double ambient)
    {
        using var run = new SimulatedRun(new() { Fan = "quiet" }, ambient);
        run.Run(60);
        run.Load = 1;
        var (hottest, tokens) = (0.0, 0.0);
        run.Run(1200, () =>
        {
            hottest = Math.Max(hottest, run.Physics.DieCelsius);
            tokens += run.Physics.TokensPerSecond * 0.1;
        });

        Assert.InRange(hottest, 80, 90.5);
        Assert.InRange(tokens / 1200, 0.3 * run.Physics.Profile.TokensPerSecond, run.Physics.Profile.TokensPerSecond + 0.001);
        Assert.False(run.Physics.Throttle < 1);
    }

    [Theory]
    [InlineData(15)]
    [InlineData(22)]
    public void The_power_budget_holds_over_any_ten_seconds_and_is_used(double watts)
    {
        using var run = new SimulatedRun(new() { Watts = watts });
        run.Run(60);
        run.Load = 1;
        var window = new Queue<double>();
        var (sum, highest, total, count) = (0.0, 0.0, 0.0, 0);
        run.Run(900, () =>
        {
            window.Enqueue(run.Physics.Watts);
            sum += run.Physics.Watts - (window.Count > 100 ? window.Dequeue() : 0);
            highest = Math.Max(highest, sum / 100);
            (total, count) = (total + run.Physics.Watts, count + 1);
        });

        Assert.InRange(highest, watts * 0.97, watts * 1.03);
        Assert.InRange(total / count, watts * 0.97, watts);
        Assert.Equal("power budget", run.Runtime.Status().PaceReason);
    }

    [Fact]
    public void A_cool_board_without_a_budget_is_never_slowed()
    {
        using var run = new SimulatedRun();
        run.Load = 1;
        run.Run(600, () => Assert.Equal(1, run.Pace));
    }

    [Fact]
    public void A_machine_without_sensors_is_never_slowed()
    {
        using var tree = new Tree();
        using var state = new Tree();
        var time = new ManualTime();
        using var runtime = BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 1, time);
        for (var i = 0; i < 100; i++)
        {
            time.Advance(0.1);
            runtime.Tick();
        }

        Assert.Equal(1, runtime.Pace);
        Assert.Null(runtime.Refusal);
        Assert.Empty(runtime.Problems());
        Assert.False(runtime.Status().SensorsAreLost);
    }

    [Fact]
    public void At_the_critical_temperature_requests_are_refused_until_the_board_has_cooled_down()
    {
        using var run = new SimulatedRun();
        run.Run(5);
        run.Board.Break(SimulatedBoard.ZonePath(2), 99_500);
        run.Run(0.2);
        Assert.Contains("too hot", run.Runtime.Refusal!);
        run.Run(2);
        Assert.Equal(0, run.Pace);

        run.Board.Mend(SimulatedBoard.ZonePath(2));
        run.Board.Break(SimulatedBoard.ZonePath(2), 88_000);
        run.Run(5);
        Assert.NotNull(run.Runtime.Refusal);

        run.Board.Mend(SimulatedBoard.ZonePath(2));
        run.Run(30);
        Assert.Null(run.Runtime.Refusal);
        Assert.InRange(run.Pace, 0.9, 1);
    }

    [Fact]
    public void Lost_sensors_halve_the_pace_and_it_comes_back_with_them()
    {
        using var run = new SimulatedRun();
        run.Load = 1;
        run.Run(10);
        for (var zone = 0; zone < 3; zone++)
        {
            run.Board.Break(SimulatedBoard.ZonePath(zone));
        }

        run.Run(10);
        Assert.InRange(run.Pace, 0.4, 0.5);
        Assert.Equal("sensors are lost", run.Runtime.Status().PaceReason);

        for (var zone = 0; zone < 3; zone++)
        {
            run.Board.Mend(SimulatedBoard.ZonePath(zone));
        }

        run.Run(60);
        Assert.Equal(1, run.Pace);
    }

    [Fact]
    public void A_budget_holds_about_also_while_the_power_sensor_is_gone()
    {
        using var run = new SimulatedRun(new() { Watts = 15 });
        run.Load = 1;
        run.Run(120);
        run.Board.Break(SimulatedBoard.RailPath(0));
        run.Run(120);

        Assert.InRange(run.Physics.Watts, 10, 15.5);
        Assert.True(run.Runtime.Status().Faults.Single(f => f.Sensor == "VDD_IN").Count > 1000);
    }

    [Fact]
    public void When_the_pace_stays_low_the_GPUs_clock_is_lowered_and_given_back_at_the_end()
    {
        string cap;
        using (var run = new SimulatedRun(new() { Watts = 13 }))
        {
            cap = run.Board.Root.In("/sys/class/devfreq/17000000.gpu/max_freq");
            run.Load = 1;
            run.Run(60);
            var (before, after) = (run.Physics.TokensPerSecond, 0.0);
            run.Run(600);
            run.Run(60, () => after += run.Physics.TokensPerSecond / 600);

            Assert.InRange(run.Read("/sys/class/devfreq/17000000.gpu/max_freq"), 510_000_000, 918_000_000);
            Assert.True(after > before * 1.05, $"{before} tokens a second before, {after} after.");
            Assert.Contains("1020 MHz", string.Join(' ', BoardRuntime.Release(run.State)));
            Assert.Equal("1020000000", File.ReadAllText(cap).Trim());
        }
    }

    [Fact]
    public void The_owners_power_mode_is_set_at_the_start_and_a_wrong_one_is_said()
    {
        using (var right = new SimulatedRun(new() { PowerMode = "15W" }))
        {
            Assert.Equal("15W", right.Runtime.Report().PowerMode);
        }

        using var wrong = new SimulatedRun(new() { PowerMode = "50W" });
        Assert.Contains(wrong.Runtime.Problems(), p => p.Contains("MAXN_SUPER", StringComparison.Ordinal));
    }
}
