using OffLM.Edge.Board.Reports;
using OffLM.Edge.Lan.NodeApi;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>The board's temperatures, power and fan. What is unknown has no sample.</summary>
internal static class BoardSnapshot
{
    public static void Write(PrometheusText text, BoardStatus board)
    {
        text.Family("board_info", "gauge", "Always 1; simulated says that no figure of the board was measured.")
            .Sample(1, ("board", board.Now.Board), ("simulated", board.Now.Simulated ? "true" : "false"), ("energy_source", Words.Of(board.PowerSource)));
        WriteZones(text, board);
        WritePower(text, board);
        WriteFan(text, board);
        text.Family("board_pace", "gauge", "Share of time that may be spent computing.").Sample(board.Pace);
        text.Family("board_refusing", "gauge", "1 while the board is too hot to take requests.").Sample(board.Refusal is null ? 0 : 1);
        text.Family("board_sensors_lost", "gauge", "1 while no temperature can be read on a board that has some.").Sample(board.SensorsAreLost ? 1 : 0);
        text.Family("board_sensor_faults_total", "counter", "Readings that were absent.");
        foreach (var fault in board.Faults)
        {
            text.Sample(fault.Count, ("sensor", fault.Sensor), ("fault", fault.Fault.ToString().ToLowerInvariant()));
        }
    }

    private static void WriteZones(PrometheusText text, BoardStatus board)
    {
        text.Family("board_temperature_celsius", "gauge", "Temperatures.");
        foreach (var zone in board.Now.Zones.Where(z => z.Celsius is not null))
        {
            text.Sample(zone.Celsius!.Value, ("zone", zone.Name));
        }

        text.Family("board_temperature_limit_celsius", "gauge", "What the governor holds a zone below.");
        foreach (var zone in board.Now.Zones.Where(z => z.Limit is not null))
        {
            text.Sample(zone.Limit!.Value, ("zone", zone.Name));
        }
    }

    private static void WritePower(PrometheusText text, BoardStatus board)
    {
        text.Family("board_rail_watts", "gauge", "Power rails.");
        foreach (var rail in board.Now.Rails.Where(r => r.Milliwatts is not null))
        {
            text.Sample(rail.Milliwatts!.Value / 1000, ("rail", rail.Name));
        }

        if (board.PowerSource == Board.Sensors.PowerSource.None)
        {
            return;
        }

        text.Family("board_power_watts", "gauge", "The whole board.");
        if (board.Now.TotalMilliwatts is { } total)
        {
            text.Sample(total / 1000);
        }

        text.Family("energy_joules_total", "counter", "Drawn by the whole board since the program started.").Sample(board.MeasuredJoules);
        text.Family("energy_answers_joules_total", "counter", "The part of it, above the idle draw, that answers were given.").Sample(board.AttributedJoules);
    }

    private static void WriteFan(PrometheusText text, BoardStatus board)
    {
        if (board.Now.Fan is not { } fan)
        {
            return;
        }

        text.Family("board_fan_controlled", "gauge", "1 while the node sets the fan.").Sample(board.ControlsFan ? 1 : 0);
        text.Family("board_fan_foreign_writes_total", "counter", "How often another program set the fan.").Sample(board.ForeignFanWrites);
        text.Family("board_fan_duty_ratio", "gauge", "Share of full speed.");
        if (fan.Duty is { } duty)
        {
            text.Sample(duty);
        }

        text.Family("board_fan_rpm", "gauge", "Revolutions per minute.");
        if (fan.Rpm is { } rpm)
        {
            text.Sample(rpm);
        }
    }
}
