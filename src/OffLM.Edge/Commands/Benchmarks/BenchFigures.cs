using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Commands.Benchmarks;

/// <summary>What was measured of a model on this machine.</summary>
/// <param name="Model">Which.</param>
/// <param name="Engine">What computed it.</param>
/// <param name="Options">How.</param>
/// <param name="Rows">Medians, one for each number of answers at a time.</param>
/// <param name="Board">The machine's name.</param>
/// <param name="EnergySource">Where joules come from: none, rail, rapl or simulated.</param>
/// <param name="LowestPace">1 unless heat or a power budget held the board back.</param>
/// <param name="Soak">What it does for minutes on end; null if that was not measured.</param>
internal sealed record BenchFigures(
    StoredModel Model, EngineDescription Engine, BenchOptions Options, IReadOnlyList<BenchRound> Rows, string Board, string EnergySource, double LowestPace, BenchSoak? Soak)
{
    public void Print()
    {
        Output.Pairs(
            ("model", Model.Name),
            ("engine", $"{Engine.Name} {Engine.Version} on {Engine.Provider}"),
            ("board", Board),
            ("measured", $"{Options.PromptTokens} prompt and {Options.NewTokens} new tokens an answer, medians"),
            ("first token", Text(Rows[0].FirstToken.TotalMilliseconds) + " ms"),
            ("energy", EnergySource == "none" ? "not measured: this machine has no power sensor" : $"above the idle draw ({EnergySource})"));
        Console.WriteLine();
        Output.Table([
            ["ANSWERS", "PREFILL tok/s", "DECODE tok/s", "PREFILL J/tok", "DECODE J/tok"],
            .. Rows.Select(r => (string[])[$"{r.Batch}", Text(r.Prefill), Text(r.Decode), Text(r.PrefillJoules), Text(r.DecodeJoules)]),
        ]);
        if (Soak is { } soak)
        {
            Console.WriteLine();
            Console.WriteLine(FormattableString.Invariant($"{soak.Seconds:0} s of {soak.Batch} answers at a time: {soak.TokensPerSecond:0.##} tok/s, the pace never below {soak.LowestPace:0.##}"));
            foreach (var (name, celsius, limit) in soak.Zones)
            {
                Console.WriteLine($"  {name}: at most {Text(celsius)} °C{(limit is null ? "" : $" of {Text(limit)} °C")}");
            }
        }

        if (LowestPace < 1)
        {
            Console.WriteLine($"The board held the pace down to {Text(LowestPace)}; rates are those while it computed.");
        }
    }

    /// <summary>Writes the fields into the object that is open.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteString("engine", Engine.Name);
        json.WriteString("engineVersion", Engine.Version);
        json.WriteString("provider", Engine.Provider);
        json.WriteNumber("threads", Engine.Threads);
        json.WriteString("model", Model.Name);
        json.WriteString("modelId", Model.Id);
        json.WriteString("board", Board);
        json.WriteNumber("promptTokens", Options.PromptTokens);
        json.WriteNumber("newTokens", Options.NewTokens);
        Write(json, "timeToFirstTokenMs", Rows[0].FirstToken.TotalMilliseconds);
        json.WriteString("energySource", EnergySource);
        WriteRates(json, "prefill", r => r.Prefill, r => r.PrefillJoules);
        WriteRates(json, "decode", r => r.Decode, r => r.DecodeJoules);
        Write(json, "lowestPace", LowestPace);
        if (Soak is { } soak)
        {
            json.WriteStartObject("soak");
            Write(json, "seconds", soak.Seconds);
            json.WriteNumber("batch", soak.Batch);
            Write(json, "tokensPerSecond", soak.TokensPerSecond);
            Write(json, "lowestPace", soak.LowestPace);
            json.WriteStartArray("zones");
            foreach (var (name, celsius, limit) in soak.Zones)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                Write(json, "highestCelsius", celsius);
                Write(json, "limit", limit);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }
    }

    private void WriteRates(Utf8JsonWriter json, string name, Func<BenchRound, double> rate, Func<BenchRound, double?> joules)
    {
        json.WriteStartArray(name);
        foreach (var row in Rows)
        {
            json.WriteStartObject();
            json.WriteNumber("batch", row.Batch);
            Write(json, "tokensPerSecond", rate(row));
            Write(json, "joulesPerToken", joules(row));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Three digits after the point say more than a measurement does; what was not measured is left out.</summary>
    private static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, Math.Round(number, 3));
        }
    }

    private static string Text(double? value) => value is { } number ? number.ToString(Math.Abs(number) < 10 ? "0.###" : "0.#", CultureInfo.InvariantCulture) : "-";
}

/// <summary>What a machine does for minutes on end.</summary>
/// <param name="Seconds">How long.</param>
/// <param name="Batch">Answers at a time.</param>
/// <param name="TokensPerSecond">New tokens a second with everything that comes between them: prompts, pauses.</param>
/// <param name="LowestPace">1 unless heat or a power budget held it back.</param>
/// <param name="Zones">Temperatures; each one's highest.</param>
internal sealed record BenchSoak(double Seconds, int Batch, double TokensPerSecond, double LowestPace, IReadOnlyList<BoardReport.Zone> Zones);
