using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Sensors;

public sealed class BoardSensorsTests : IDisposable
{
    private const string Cpu = "/sys/class/thermal/thermal_zone0/temp";
    private const string Gpu = "/sys/class/thermal/thermal_zone1/temp";

    private readonly ManualTime _time = new();
    private readonly Tree _tree = OrinNano.Create();

    [Fact]
    public void An_Orin_Nano_shows_its_zones_rails_fan_power_mode_and_GPU()
    {
        using var sensors = Find();

        var report = BoardReport.Of(sensors);

        Assert.Equal("jetson-orin-nano", report.Board);
        Assert.Equal(
            [new("cpu-thermal", 48.2, 90), new("gpu-thermal", 47.5, 90), new("tj-thermal", 49, 90)],
            report.Zones);
        Assert.Equal([new("VDD_IN", 6000), new("VDD_CPU_GPU_CV", 2000)], report.Rails);
        Assert.Equal(6000, report.TotalMilliwatts);
        Assert.Equal(new(0.302, 2100), report.Fan);
        Assert.Equal("25W", report.PowerMode);
        Assert.Equal(new(306, 0.153), report.Gpu);
        Assert.Equal(41, sensors.WorstMargin, 3);
        Assert.Equal(PowerSource.Rail, sensors.PowerSource);
    }

    [Fact]
    public void Zones_without_limits_of_their_own_get_the_boards_and_lower_trips_win()
    {
        _tree.Zone(4, "soc0-thermal", 45_000, ("passive", 80_000));

        using var sensors = Find();

        Assert.Equal(75, sensors.Zones.Single(z => z.Name == "soc0-thermal").Limit);
        Assert.Equal(99, sensors.Zones[0].Critical);
    }

    [Fact]
    public void The_owners_limit_wins_but_never_over_the_critical_temperature()
    {
        using var low = BoardSensors.Find(BoardCatalogue.Detect(_tree.Root), _tree.Root, 70, _time);
        using var high = BoardSensors.Find(BoardCatalogue.Detect(_tree.Root), _tree.Root, 110, _time);

        Assert.Equal(70, low.Zones[0].Limit);
        Assert.Equal(99, high.Zones[0].Limit);
    }

    [Fact]
    public void A_machine_without_any_sensor_works()
    {
        using var bare = new Tree();
        using var sensors = BoardSensors.Find(BoardCatalogue.Detect(bare.Root), bare.Root, null, _time);
        sensors.Read();

        var report = BoardReport.Of(sensors);

        Assert.Equal("generic-linux", report.Board);
        Assert.Empty(report.Zones);
        Assert.Null(report.TotalMilliwatts);
        Assert.Null(report.Fan);
        Assert.Equal(PowerSource.None, sensors.PowerSource);
        Assert.Contains(BoardFindings.Of(sensors), f => !f.IsGood && f.Message.Contains("no power budget", StringComparison.Ordinal));
    }

    [Fact]
    public void A_zone_that_is_switched_off_is_absent_not_zero_and_counted_and_comes_back()
    {
        using var sensors = Find();
        _tree.Silence(Gpu);
        sensors.Read();
        sensors.Read();

        Assert.Null(BoardReport.Of(sensors).Zones[1].Celsius);
        Assert.Equal(2, sensors.Zones[1].Sensor.Count(SensorFault.Unreadable));
        Assert.Equal(41, sensors.WorstMargin, 3);

        _tree.Put(Gpu, 60_000);
        _time.Advance(6);
        sensors.Read();

        Assert.Equal(60, sensors.Zones[1].Celsius);
    }

    [Fact]
    public void A_driver_that_is_bound_again_is_read_again()
    {
        using var sensors = Find();
        File.Delete(_tree.Path + Cpu);
        _tree.Put(Cpu, "gone");
        File.Delete(_tree.Path + Cpu);
        using var fresh = Find();
        Assert.DoesNotContain(fresh.Zones, z => z.Name == "cpu-thermal");

        _tree.Put(Gpu, "");
        sensors.Read();
        File.Delete(_tree.Path + Gpu);
        _tree.Put(Gpu, 55_000);
        _time.Advance(6);
        sensors.Read();

        Assert.Equal(55, sensors.Zones[1].Celsius);
    }

    [Theory]
    [InlineData(-127_000)]
    [InlineData(250_000)]
    public void An_impossible_temperature_is_absent_and_counted(int milliCelsius)
    {
        using var sensors = Find();
        _tree.Put(Cpu, milliCelsius);
        sensors.Read();

        Assert.Null(BoardReport.Of(sensors).Zones[0].Celsius);
        Assert.Equal(1, sensors.Zones[0].Sensor.Count(SensorFault.OutOfRange));
    }

    [Fact]
    public void A_temperature_that_stands_still_while_the_others_climb_is_frozen_until_it_moves()
    {
        using var sensors = Find();
        for (var i = 0; i < 100; i++)
        {
            _tree.Put(Gpu, 47_500 + (i * 200));
            _tree.Put("/sys/class/thermal/thermal_zone2/temp", 49_000 + (i * 200));
            _time.Advance(1);
            sensors.Read();
        }

        Assert.Equal(SensorFault.Frozen, sensors.Zones[0].Sensor.Fault);
        Assert.True(double.IsNaN(sensors.Zones[0].Celsius));
        Assert.Equal(SensorFault.None, sensors.Zones[1].Sensor.Fault);

        _tree.Put(Cpu, 66_000);
        sensors.Read();

        Assert.Equal(66, sensors.Zones[0].Celsius);
    }

    [Fact]
    public void A_board_at_rest_has_no_frozen_sensors()
    {
        using var sensors = Find();
        for (var i = 0; i < 600; i++)
        {
            _time.Advance(1);
            sensors.Read();
        }

        Assert.All(sensors.Zones, z => Assert.True(z.Sensor.IsPresent));
        Assert.All(sensors.Rails, r => Assert.True(r.Sensor.IsPresent));
    }

    [Fact]
    public void The_total_is_unknown_while_a_part_of_it_is()
    {
        using var tree = new Tree();
        tree.Put("/proc/device-tree/compatible", "nvidia,p3701-0000\0");
        tree.Rail(1, 1, "VDD_GPU_SOC", 19_000, 500);
        tree.Rail(1, 2, "VDD_CPU_CV", 19_000, 100);
        tree.Rail(2, 1, "VIN_SYS_5V0", 5_000, 600);
        using var sensors = BoardSensors.Find(BoardCatalogue.Detect(tree.Root), tree.Root, null, _time);
        sensors.Read();
        Assert.Equal(9_500 + 1_900 + 3_000, sensors.TotalMilliwatts);

        tree.Silence("/sys/class/hwmon/hwmon1/curr2_input");
        sensors.Read();

        Assert.True(double.IsNaN(sensors.TotalMilliwatts));
    }

    [Fact]
    public void Rails_without_labels_have_the_names_of_the_board_file()
    {
        using var tree = new Tree();
        tree.Rail(0, 1, null, 19_000, 1_000);
        tree.Rail(0, 2, null, 5_000, 100);
        var file = tree.Put("/mine.json", """{ "name": "mine", "title": "Mine", "zones": { "limit": 70, "critical": 80 }, "rails": { "total": ["all"], "names": { "ina3221:1": "all" } } }""");
        using var sensors = BoardSensors.Find(BoardCatalogue.Get(file), tree.Root, null, _time);
        sensors.Read();

        Assert.Equal(["all", "ina3221:2"], sensors.Rails.Select(r => r.Name));
        Assert.Equal(19_000, sensors.TotalMilliwatts);
    }

    [Fact]
    public void JetPack_4_shows_its_rails_under_iio()
    {
        using var tree = new Tree();
        tree.Put("/sys/bus/iio/devices/iio:device0/rail_name_0", "VDD_IN");
        tree.Put("/sys/bus/iio/devices/iio:device0/in_power0_input", 4321);
        using var sensors = BoardSensors.Find(BoardCatalogue.Get("jetson-xavier-nx"), tree.Root, null, _time);
        sensors.Read();

        Assert.Equal(4321, sensors.TotalMilliwatts);
    }

    [Fact]
    public void An_energy_counter_gives_power_also_where_it_begins_anew()
    {
        using var tree = new Tree();
        const string package = "/sys/class/powercap/intel-rapl:0";
        tree.Put($"{package}/name", "package-0");
        tree.Put($"{package}/max_energy_range_uj", 262_143_328_850);
        tree.Put($"{package}/energy_uj", 262_143_000_000);
        tree.Put("/sys/class/powercap/intel-rapl:0:0/name", "core");
        tree.Put("/sys/class/powercap/intel-rapl:0:0/max_energy_range_uj", 262_143_328_850);
        tree.Put("/sys/class/powercap/intel-rapl:0:0/energy_uj", 1);
        using var sensors = BoardSensors.Find(BoardCatalogue.Detect(tree.Root), tree.Root, null, _time);
        sensors.Read();
        Assert.True(double.IsNaN(sensors.TotalMilliwatts));

        tree.Put($"{package}/energy_uj", 1_671_150);
        _time.Advance(0.1);
        sensors.Read();

        Assert.Equal(20_000, sensors.TotalMilliwatts, 1);
        Assert.Equal(1, Assert.Single(sensors.Counters).Wraps);
        Assert.Equal(PowerSource.Rapl, sensors.PowerSource);
    }

    [Fact]
    public void The_kernels_second_view_of_a_zone_is_not_counted_twice_but_an_NVMe_disk_is_seen()
    {
        _tree.Put("/sys/class/hwmon/hwmon5/name", "cpu_thermal");
        _tree.Put("/sys/class/hwmon/hwmon5/temp1_input", 48_250);
        _tree.Put("/sys/class/hwmon/hwmon6/name", "nvme");
        _tree.Put("/sys/class/hwmon/hwmon6/temp1_input", 40_850);
        _tree.Put("/sys/class/hwmon/hwmon6/temp1_label", "Composite");
        _tree.Put("/sys/class/hwmon/hwmon6/temp1_max", 82_850);

        using var sensors = Find();

        Assert.Equal(["cpu-thermal", "gpu-thermal", "tj-thermal", "nvme Composite"], sensors.Zones.Select(z => z.Name));
        Assert.Equal(77.85, sensors.Zones[^1].Limit, 3);
    }

    [Fact]
    public void On_an_unknown_machine_only_the_processors_own_sensors_have_limits()
    {
        using var tree = new Tree();
        tree.Zone(0, "acpitz", 27_800);
        tree.Put("/sys/class/hwmon/hwmon0/name", "nct6775");
        tree.Put("/sys/class/hwmon/hwmon0/temp3_input", 127_000);
        tree.Put("/sys/class/hwmon/hwmon0/temp3_label", "AUXTIN2");
        tree.Put("/sys/class/hwmon/hwmon1/name", "coretemp");
        tree.Put("/sys/class/hwmon/hwmon1/temp1_input", 45_000);
        tree.Put("/sys/class/hwmon/hwmon1/temp1_label", "Package id 0");
        tree.Put("/sys/class/hwmon/hwmon1/temp1_crit", 100_000);
        using var sensors = BoardSensors.Find(BoardCatalogue.Detect(tree.Root), tree.Root, null, _time);
        sensors.Read();

        Assert.Equal("coretemp Package id 0", Assert.Single(sensors.Zones, z => z.IsGoverned).Name);
        Assert.Equal(40, sensors.WorstMargin);
    }

    [Fact]
    public void Reading_everything_allocates_nothing()
    {
        _tree.Silence(Gpu);
        using var sensors = Find();
        sensors.Read();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            sensors.Read();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public void Dispose() => _tree.Dispose();

    private BoardSensors Find()
    {
        var sensors = BoardSensors.Find(BoardCatalogue.Detect(_tree.Root), _tree.Root, null, _time);
        sensors.Read();
        return sensors;
    }
}
