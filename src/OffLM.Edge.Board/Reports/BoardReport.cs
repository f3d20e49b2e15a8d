using System.Text.Json;
using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board.Reports;

/// <summary>A board at one moment, as <c>board show</c> and the node API give it. Parts that are absent are null.</summary>
/// <param name="Board">The board's name.</param>
/// <param name="Simulated">True if no figure here was measured.</param>
/// <param name="Zones">Degrees Celsius.</param>
/// <param name="Rails">Milliwatts.</param>
/// <param name="TotalMilliwatts">The whole board's draw.</param>
/// <param name="Fan">Share of full speed 0 to 1, revolutions per minute.</param>
/// <param name="PowerMode">By name.</param>
/// <param name="Gpu">Clock, and share of time at work 0 to 1.</param>
public sealed record BoardReport(
    string Board,
    bool Simulated,
    IReadOnlyList<BoardReport.Zone> Zones,
    IReadOnlyList<BoardReport.Rail> Rails,
    double? TotalMilliwatts,
    BoardReport.FanState? Fan,
    string? PowerMode,
    BoardReport.GpuState? Gpu)
{
    /// <summary>One temperature.</summary>
    public sealed record Zone(string Name, double? Celsius, double? Limit);

    /// <summary>One rail.</summary>
    public sealed record Rail(string Name, double? Milliwatts);

    /// <summary>The fan.</summary>
    public sealed record FanState(double? Duty, double? Rpm);

    /// <summary>The GPU.</summary>
    public sealed record GpuState(double? Megahertz, double? Load);

    /// <summary>The readings that were taken last.</summary>
    public static BoardReport Of(BoardSensors sensors) => new(
        sensors.Board.Name,
        sensors.Board.Simulation is not null,
        [.. sensors.Zones.Select(z => new Zone(z.Name, Known(z.Celsius, 1), Known(z.Limit, 1)))],
        [.. sensors.Rails.Select(r => new Rail(r.Name, Known(r.Milliwatts, 0))), .. sensors.Counters.Select(c => new Rail(c.Name, Known(c.Milliwatts, 0)))],
        Known(sensors.TotalMilliwatts, 0),
        sensors.Fan is { } fan ? new(Known(fan.Duty, 3), Known(fan.Rpm, 0)) : null,
        sensors.PowerModes?.Current,
        sensors.Gpu is { } gpu ? new(Known(gpu.Megahertz, 1), Known(gpu.Load, 3)) : null);

    /// <summary>Writes it as one JSON object.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("board", Board);
        if (Simulated)
        {
            json.WriteBoolean("simulated", true);
        }

        json.WriteStartArray("zones");
        foreach (var zone in Zones)
        {
            json.WriteStartObject();
            json.WriteString("name", zone.Name);
            Write(json, "celsius", zone.Celsius);
            Write(json, "limit", zone.Limit);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("rails");
        foreach (var rail in Rails)
        {
            json.WriteStartObject();
            json.WriteString("name", rail.Name);
            Write(json, "milliwatts", rail.Milliwatts);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "totalMilliwatts", TotalMilliwatts);
        Write(json, "fan", Fan is null ? null : [("duty", Fan.Duty), ("rpm", Fan.Rpm)]);
        json.WriteString("powerMode", PowerMode);
        Write(json, "gpu", Gpu is null ? null : [("megahertz", Gpu.Megahertz), ("load", Gpu.Load)]);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, (string Name, double? Value)[]? part)
    {
        if (part is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        foreach (var (key, value) in part)
        {
            Write(json, key, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static double? Known(double value, int digits) => double.IsNaN(value) ? null : Math.Round(value, digits);
}
