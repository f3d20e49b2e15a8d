namespace OffLM.Edge.Board.Simulation;

/// <summary>
/// A board as the simulator knows it. Figures are from public data sheets, device trees and reviews where there are any, and chosen
/// to agree with them where there are none; none was measured by us.
/// </summary>
public sealed record SimulationProfile
{
    /// <summary>An Orin Nano 8 GB Super on its developer kit: 25 W mode, small sink with a fan.</summary>
    public static readonly SimulationProfile OrinNano = new()
    {
        IdleWatts = 4.6,
        ComputeWatts = 20,
        LeakageWatts = 1.2,
        DieJoulesPerKelvin = 8,
        SinkJoulesPerKelvin = 62,
        DieToSink = 0.7,
        SinkToAirStill = 5.5,
        SinkToAirFullFan = 0.95,
        FullRpm = 6000,
        TokensPerSecond = 43,
        GpuMegahertz = [306, 408, 510, 612, 714, 816, 918, 1020],
        Modes = [("15W", 612), ("25W", 918), ("MAXN_SUPER", 1020)],
        Rails = [("VDD_IN", 1, 5000), ("VDD_CPU_GPU_CV", 0.55, 5000), ("VDD_SOC", 0.2, 5000)],
    };

    /// <summary>An AGX Orin 64 GB on its developer kit: MAXN, tall sink with a fan.</summary>
    public static readonly SimulationProfile AgxOrin = new()
    {
        IdleWatts = 9,
        ComputeWatts = 44,
        LeakageWatts = 2.4,
        DieJoulesPerKelvin = 22,
        SinkJoulesPerKelvin = 260,
        DieToSink = 0.33,
        SinkToAirStill = 2.4,
        SinkToAirFullFan = 0.5,
        FullRpm = 2900,
        TokensPerSecond = 61,
        GpuMegahertz = [306, 510, 612, 714, 828, 930, 1032, 1134, 1236, 1300],
        Modes = [("MAXN", 1300), ("15W", 420), ("30W", 612), ("50W", 828)],
        Rails = [("VDD_GPU_SOC", 0.5, 19_000), ("VDD_CPU_CV", 0.2, 19_000), ("VIN_SYS_5V0", 0.2, 5000), ("VDDQ_VDD2_1V8AO", 0.1, 5000)],
    };

    /// <summary>Drawn at rest without leakage.</summary>
    public required double IdleWatts { get; init; }

    /// <summary>Drawn on top while computing without pause at the highest clock.</summary>
    public required double ComputeWatts { get; init; }

    /// <summary>Leakage at 45 °C; doubles with each 40 °C.</summary>
    public required double LeakageWatts { get; init; }

    public required double DieJoulesPerKelvin { get; init; }

    public required double SinkJoulesPerKelvin { get; init; }

    /// <summary>Thermal resistance in kelvin per watt.</summary>
    public required double DieToSink { get; init; }

    /// <summary>Thermal resistance in kelvin per watt with the fan at rest.</summary>
    public required double SinkToAirStill { get; init; }

    /// <summary>Thermal resistance in kelvin per watt with the fan at full speed.</summary>
    public required double SinkToAirFullFan { get; init; }

    public required double FullRpm { get; init; }

    /// <summary>Decoded at full pace and clock, a 3B model in int4.</summary>
    public required double TokensPerSecond { get; init; }

    public required IReadOnlyList<int> GpuMegahertz { get; init; }

    /// <summary>Power modes, in the order of their numbers, with the highest clock of each.</summary>
    public required IReadOnlyList<(string Name, int Megahertz)> Modes { get; init; }

    /// <summary>Rails with their share of the whole and their millivolts.</summary>
    public required IReadOnlyList<(string Name, double Share, int Millivolts)> Rails { get; init; }

    /// <summary>Where the kernel begins to throttle, degrees Celsius (mainline device tree).</summary>
    public double ThrottleCelsius { get; init; } = 95;

    /// <summary>Where the firmware switches off, degrees Celsius.</summary>
    public double ShutdownCelsius { get; init; } = 104.5;

    /// <summary>The profile that a board file names.</summary>
    /// <exception cref="Boards.BoardException">There is none of that name.</exception>
    public static SimulationProfile Get(string name) => name switch
    {
        "orin-nano" => OrinNano,
        "agx-orin" => AgxOrin,
        _ => throw new Boards.BoardException($"There is no simulation '{name}'. There are orin-nano and agx-orin."),
    };
}
