using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Simulation;

/// <remarks>One collection for all tests that start scripts: a script that a test writes can't be run while another test forks.</remarks>
[Collection("scripts")]
public sealed class SimulatedBoardTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-simulated-");

    [Theory]
    [InlineData("simulated", "orin-nano")]
    [InlineData("simulated-agx-orin", "agx-orin")]
    public void A_simulated_board_has_every_sensor_and_says_that_it_is_simulated(string name, string profile)
    {
        using var simulated = Create(profile: profile);
        using var sensors = Sensors(simulated, name);
        Run(simulated, 1, 30);
        sensors.Read();

        var report = BoardReport.Of(sensors);

        Assert.True(report.Simulated);
        Assert.Equal(PowerSource.Simulated, sensors.PowerSource);
        Assert.Equal(["cpu-thermal", "gpu-thermal", "tj-thermal"], report.Zones.Select(z => z.Name));
        Assert.All(report.Zones, z => Assert.Equal(90, z.Limit));
        Assert.InRange(report.TotalMilliwatts!.Value, simulated.Physics.Watts * 980, simulated.Physics.Watts * 1020);
        Assert.InRange(report.Zones[2].Celsius!.Value, simulated.Physics.DieCelsius - 0.5, simulated.Physics.DieCelsius + 0.5);
        Assert.NotNull(report.Fan!.Rpm);
        Assert.Equal(1, report.Gpu!.Load);
        Assert.Equal(simulated.Physics.Profile.Modes[^1].Name, report.PowerMode);
        Assert.Contains(BoardFindings.Of(sensors), f => f.Message.Contains("simulator", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_seed_and_steps_give_the_same_figures()
    {
        using var one = Create("one", seed: 7);
        using var two = Create("two", seed: 7);
        using var three = Create("three", seed: 8);
        Run(one, 0.7, 20);
        Run(two, 0.7, 0);
        Run(three, 0.7, 0);

        string Figures(SimulatedBoard board) => string.Join(' ', Enumerable.Range(0, 3).Select(z => File.ReadAllText(board.Root.In(SimulatedBoard.ZonePath(z))).Trim()));
        using var again = Create("again", seed: 7);
        Run(again, 0.7, 20);

        Assert.Equal(Figures(one), Figures(again));
        Assert.NotEqual(Figures(two), Figures(three));
    }

    [Fact]
    public void Figures_agree_with_what_is_public_of_an_Orin_Nano()
    {
        var physics = new SimulatedPhysics(SimulationProfile.OrinNano) { FanDuty = 0.5 };
        physics.Advance(TimeSpan.FromHours(1));
        Assert.InRange(physics.Watts, 4, 7);
        Assert.InRange(physics.DieCelsius, 27, 45);

        physics.Load = 1;
        physics.Advance(TimeSpan.FromHours(1));
        Assert.InRange(physics.Watts, 23, 30);
        Assert.InRange(physics.DieCelsius, 60, 90);
    }

    [Fact]
    public void Without_a_fan_the_kernel_throttles_before_the_firmware_switches_off()
    {
        var physics = new SimulatedPhysics(SimulationProfile.OrinNano) { Load = 1 };
        physics.Advance(TimeSpan.FromMinutes(20));

        Assert.False(physics.IsOff);
        Assert.InRange(physics.DieCelsius, 90, 104);
        Assert.True(physics.Throttle < 1);
    }

    [Fact]
    public void It_obeys_the_PWM_the_clock_cap_and_the_power_mode_that_programs_write()
    {
        using var simulated = Create();
        using var sensors = Sensors(simulated, "simulated");
        var fan = "/sys/class/hwmon/hwmon3";
        File.WriteAllText(simulated.Root.In($"{fan}/pwm1_enable"), "1");
        File.WriteAllText(simulated.Root.In($"{fan}/pwm1"), "255");
        File.WriteAllText(sensors.Gpu!.CapPath, "612000000");
        Run(simulated, 1, 20);
        Assert.InRange(simulated.Physics.Rpm, 5900, 6000);
        Assert.Equal(612, simulated.Physics.Megahertz);

        File.WriteAllText(sensors.Gpu.CapPath, "1020000000");
        Assert.Null(sensors.PowerModes!.TrySet("15W"));
        Run(simulated, 1, 20);

        Assert.Equal(612, simulated.Physics.Megahertz);
        Assert.Equal("15W", BoardReport.Of(sensors).PowerMode);
    }

    [Fact]
    public void Its_fan_can_be_stuck()
    {
        using var simulated = Create();
        simulated.Physics.FanIsStuck = true;
        Run(simulated, 1, 60);

        Assert.Equal("0", File.ReadAllText(simulated.Root.In("/sys/class/hwmon/hwmon3/fan1_input")).Trim());
    }

    [Fact]
    public void Its_folder_is_gone_at_its_end_and_a_killed_ones_is_taken_over()
    {
        var folder = Path.Combine(_folder.FullName, "left");
        Directory.CreateDirectory(Path.Combine(folder, "sys"));
        File.WriteAllText(Path.Combine(folder, "sys", "junk"), "");

        using (var simulated = Create("left"))
        {
            Assert.False(File.Exists(Path.Combine(folder, "sys", "junk")));
        }

        Assert.False(Directory.Exists(folder));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private SimulatedBoard Create(string name = "board", string profile = "orin-nano", int seed = 1) =>
        new(Path.Combine(_folder.FullName, name), SimulationProfile.Get(profile), 25, seed, _time);

    private BoardSensors Sensors(SimulatedBoard simulated, string name) => BoardSensors.Find(BoardCatalogue.Get(name), simulated.Root, null, _time);

    private void Run(SimulatedBoard simulated, double load, int seconds)
    {
        for (var i = 0; i < seconds * 10; i++)
        {
            _time.Advance(0.1);
            simulated.Advance(load);
        }
    }
}
