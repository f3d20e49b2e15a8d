using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Fan;

public sealed class FanControlTests
{
    private const string Pwm = "/sys/class/hwmon/hwmon3/pwm1";
    private const string Enable = "/sys/class/hwmon/hwmon3/pwm1_enable";

    [Theory]
    [InlineData("quiet", 84)]
    [InlineData("balanced", 78)]
    public void Under_load_the_profiles_margin_is_held_and_the_fan_turns_round_at_most_twice_a_minute(string profile, double celsius)
    {
        using var run = new SimulatedRun(new() { Fan = profile });
        run.Load = 1;
        run.Run(1200);
        var (turns, direction, last) = (0, 0, run.Read(Pwm));
        run.Run(600, () =>
        {
            var now = run.Read(Pwm);
            var next = Math.Sign(now - last);
            turns += next != 0 && direction != 0 && next != direction ? 1 : 0;
            (direction, last) = (next == 0 ? direction : next, now);
            Assert.InRange(run.Physics.DieCelsius, celsius - 1, celsius + 1);
        });

        Assert.InRange(turns, 0, 20);
    }

    [Fact]
    public void A_step_to_full_load_overshoots_by_a_degree_at_most_and_the_fan_never_jumps()
    {
        using var run = new SimulatedRun(new() { Fan = "quiet" });
        run.Run(300);
        run.Load = 1;
        var (hottest, last) = (0.0, run.Read(Pwm));
        run.Run(1200, () =>
        {
            hottest = Math.Max(hottest, run.Physics.DieCelsius);
            Assert.InRange(run.Read(Pwm) - last, -80, 100);
            last = run.Read(Pwm);
        });

        Assert.InRange(hottest, 80, 85.1);
    }

    [Fact]
    public void A_cool_board_is_silent_and_the_fan_starts_again_when_it_warms()
    {
        using var run = new SimulatedRun(new() { Fan = "quiet" });
        run.Run(600);
        Assert.Equal(0, run.Read(Pwm));
        Assert.Equal(0, run.Physics.Rpm, 1);

        run.Load = 1;
        run.Run(900);

        Assert.InRange(run.Physics.Rpm, 1000, 6000);
    }

    [Fact]
    public void In_quiet_hours_the_fan_is_barely_heard_and_afterwards_it_may_work_again()
    {
        using var run = new SimulatedRun(new() { Fan = "cool", QuietHours = new(new(22, 0), new(7, 0)) });
        run.Load = 0.6;
        run.Time.AdvanceTo(23, 0);
        run.Run(900);
        Assert.InRange(run.Read(Pwm), 0, (int)(0.45 * 255) + 1);

        run.Time.AdvanceTo(8, 0);
        run.Run(900);

        Assert.InRange(run.Read(Pwm), (int)(0.46 * 255), 255);
    }

    [Fact]
    public void Lost_sensors_mean_full_speed_and_are_said()
    {
        using var run = new SimulatedRun();
        run.Run(10);
        for (var zone = 0; zone < 3; zone++)
        {
            run.Board.Break(SimulatedBoard.ZonePath(zone));
        }

        run.Run(4);

        Assert.Equal(255, run.Read(Pwm));
        Assert.Contains(run.Runtime.Problems(), p => p.Contains("No temperature", StringComparison.Ordinal));

        for (var zone = 0; zone < 3; zone++)
        {
            run.Board.Mend(SimulatedBoard.ZonePath(zone));
        }

        run.Run(120);
        Assert.Empty(run.Runtime.Problems());
        Assert.InRange(run.Read(Pwm), 0, 100);
    }

    [Fact]
    public void A_fan_that_does_not_turn_is_said_pushed_now_and_then_and_forgiven_when_it_turns()
    {
        using var run = new SimulatedRun(new() { Fan = "cool" });
        run.Load = 0.5;
        run.Physics.FanIsStuck = true;
        var pushes = 0;
        run.Run(200, () => pushes += run.Read(Pwm) == 255 ? 1 : 0);
        Assert.Contains(run.Runtime.Problems(), p => p.Contains("does not turn", StringComparison.Ordinal));
        Assert.InRange(pushes, 20, 2000);

        run.Physics.FanIsStuck = false;
        run.Run(30);

        Assert.Empty(run.Runtime.Problems());
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(91, true)]
    [InlineData(300, false)]
    public void A_fan_stands_also_where_the_chip_can_not_say_zero(double rpm, bool stands)
    {
        var controller = new FanController(new());
        controller.Begin(0.5);
        for (var i = 0; i < 100; i++)
        {
            controller.Step(FanProfile.Balanced, margin: 10, rpm, seconds: 0.1);
        }

        Assert.Equal(stands, controller.IsStalled);
    }

    [Fact]
    public void Another_program_that_writes_the_PWM_is_noticed_and_left_alone()
    {
        using var run = new SimulatedRun(new() { Fan = "cool" });
        run.Load = 0.5;
        for (var i = 0; i < 10; i++)
        {
            run.Write(Pwm, 42);
            run.Run(2);
        }

        Assert.Contains(run.Runtime.Problems(), p => p.Contains("Another program", StringComparison.Ordinal));
        Assert.Equal(42, run.Read(Pwm));

        run.Run(660);
        Assert.Empty(run.Runtime.Problems());
        Assert.NotEqual(42, run.Read(Pwm));
    }

    [Fact]
    public void The_fan_is_given_back_at_the_end()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        using (var runtime = BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime()))
        {
            Assert.Equal("1", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        }

        Assert.Equal("2", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        Assert.False(File.Exists(state.Path + "/board.json"));
    }

    [Fact]
    public void What_a_killed_node_took_is_given_back_by_release_and_by_the_next_start()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        var killed = BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime());
        Assert.Equal("1", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));

        Assert.Contains("The fan turns at 60 % until somebody controls it.", BoardRuntime.Release(state.Path));
        Assert.Equal("2", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        Assert.Empty(BoardRuntime.Release(state.Path));
        killed.Dispose();

        BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime());
        using (BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime()))
        {
            Assert.Equal("1", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        }

        Assert.Equal("2", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
    }

    [Fact]
    public void A_chip_that_controls_the_fan_itself_gets_it_back_turning()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        tree.Put("/sys/class/hwmon/hwmon2/name", "amc6821");
        var board = state.Put("/chip.json", """{ "name": "chip", "title": "Chip", "zones": { "limit": 90, "critical": 99 }, "fan": { "hwmon": ["amc6821"] } }""");
        using var killed = BoardRuntime.Open(new() { Sysfs = tree.Path, Name = board }, state.Path, () => 0, new ManualTime());
        Assert.Equal("1", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));

        Assert.Contains("The fan is the system's again.", BoardRuntime.Release(state.Path));

        Assert.Equal("2", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        Assert.Equal("153", tree.Get("/sys/class/hwmon/hwmon2/pwm1"));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    public void A_fan_at_a_PWM_output_is_left_turning_wherever_its_power_switch_was(int before, int after)
    {
        // Behind pwm-fan's switch nobody takes over, and its 0 is off.
        using var tree = OrinNano.Create();
        using var state = new Tree();
        tree.Put("/sys/class/hwmon/hwmon2/pwm1_enable", before);
        tree.Put("/sys/class/hwmon/hwmon2/pwm1", 0);
        using (BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime()))
        {
        }

        Assert.Equal("153", tree.Get("/sys/class/hwmon/hwmon2/pwm1"));
        Assert.Equal($"{after}", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
    }

    [Fact]
    public void A_fan_that_could_not_be_set_is_tried_again()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        var time = new ManualTime();
        var pwm = tree.Path + "/sys/class/hwmon/hwmon2/pwm1";
        File.Delete(pwm);
        File.CreateSymbolicLink(pwm, "/dev/full");
        using var runtime = BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, time);
        Assert.Contains(runtime.Problems(), p => p.Contains("can't be controlled", StringComparison.Ordinal));

        File.Delete(pwm);
        tree.Put("/sys/class/hwmon/hwmon2/pwm1", 10);
        for (var i = 0; i < 120; i++)
        {
            time.Advance(0.1);
            runtime.Tick();
        }

        Assert.Empty(runtime.Problems());
        Assert.NotEqual("10", tree.Get("/sys/class/hwmon/hwmon2/pwm1"));
    }

    [Fact]
    public void A_fan_that_nobody_else_controls_is_left_turning()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        tree.Put("/sys/class/hwmon/hwmon2/pwm1_enable", 1);
        using (BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, new ManualTime()))
        {
        }

        Assert.Equal("153", tree.Get("/sys/class/hwmon/hwmon2/pwm1"));
    }

    [Theory]
    [InlineData("off")]
    [InlineData(null)]
    public void A_fan_that_is_off_limits_is_not_touched(string? profile)
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        tree.Put("/proc/device-tree/compatible", profile is null ? "unknown\0" : "nvidia,p3767-0005\0");
        tree.Put("/proc/device-tree/model", "unknown\0");
        using var runtime = BoardRuntime.Open(new() { Sysfs = tree.Path, Fan = profile }, state.Path, () => 0, new ManualTime());
        runtime.Tick();

        Assert.Equal("2", tree.Get("/sys/class/hwmon/hwmon2/pwm1_enable"));
        Assert.Equal("77", tree.Get("/sys/class/hwmon/hwmon2/pwm1"));
    }

    [Fact]
    public void A_tick_allocates_nothing()
    {
        using var tree = OrinNano.Create();
        using var state = new Tree();
        var time = new ManualTime();
        using var runtime = BoardRuntime.Open(new() { Sysfs = tree.Path }, state.Path, () => 0, time);
        for (var i = 0; i < 100; i++)
        {
            time.Advance(0.1);
            runtime.Tick();
        }

        var allocated = 0L;
        for (var i = 0; i < 300; i++)
        {
            // The clock allocates; the tick must not.
            time.Advance(0.1);
            var before = GC.GetAllocatedBytesForCurrentThread();
            runtime.Tick();
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }
}
