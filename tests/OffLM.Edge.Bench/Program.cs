using System.Globalization;
using OffLM.Edge.Bench;
using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Llama;
using OffLM.Edge.Bench.Parts;

Dictionary<string, Func<Workspace, Effort, Task<IReadOnlyList<Figure>>>> parts = new()
{
    ["decode"] = DecodePart.MeasureAsync,
    ["streams"] = StreamsPart.MeasureAsync,
    ["direct"] = DirectPart.MeasureAsync,
    ["llama"] = LlamaPart.MeasureAsync,
    ["ttft"] = FirstTokenPart.MeasureAsync,
    ["ledger"] = LedgerPart.MeasureAsync,
    ["card"] = CardPart.MeasureAsync,
    ["verify"] = VerifyPart.MeasureAsync,
    ["collector"] = CollectorPart.MeasureAsync,
    ["drain"] = DrainPart.MeasureAsync,
    ["catchup"] = CatchUpPart.MeasureAsync,
    ["board"] = BoardPart.MeasureAsync,
    ["start"] = StartPart.MeasureAsync,
};

if (args is [BareProcess.Verb, var libraries, var model])
{
    return BareLoop.Serve(libraries, model, Console.In, Console.Out);
}

if (args is [LlamaProcess.Verb, var llama, var file, var context])
{
    return LlamaLoop.Serve(llama, file, int.Parse(context, CultureInfo.InvariantCulture), Console.In, Console.Out);
}

var quick = args.Contains("--quick");
string[] chosen = [.. args.Where(a => a != "--quick")];
if (chosen.FirstOrDefault(name => !parts.ContainsKey(name)) is { } unknown)
{
    Console.Error.WriteLine($"bench: '{unknown}' is no part. Parts: {string.Join(", ", parts.Keys)}; option: --quick.");
    return 2;
}

var workspace = Workspace.Find();
var effort = quick ? Effort.Fast : Effort.Full;

// Three rounds are no measurement: they stay out of the documentation.
var path = quick ? Path.Combine(workspace.Kept, "quick.md") : Path.Combine(workspace.Root, "docs", "benchmarks.md");
var (missed, unmeasured) = (0, 0);
foreach (var name in chosen.Length > 0 ? chosen : [.. parts.Keys])
{
    Console.Error.WriteLine($"bench: {name}");
    var conditions = string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, {effort.Rounds} rounds, load before {Machine.Load():F1}. {Machine.Describe()}.");
    IReadOnlyList<Figure> figures;
    try
    {
        figures = await parts[name](workspace, effort);
    }
    catch (NotMeasurableException exception)
    {
        Console.Error.WriteLine($"bench: {name} is not measured: {exception.Message}");
        unmeasured++;
        continue;
    }

    foreach (var figure in figures)
    {
        Console.WriteLine(Report.Line(figure));
    }

    // Read and written for each part, so that a run that is stopped keeps what it has.
    var report = Report.Read(path);
    report.Put(name, conditions, figures);
    report.Write(path);
    missed += figures.Count(f => f.Holds == false);
}

Console.WriteLine($"{path}: {(missed == 0 ? "all targets hold" : $"{missed} targets missed")}{(unmeasured == 0 ? "" : $", {unmeasured} parts not measured")}");
return missed + unmeasured == 0 ? 0 : 1;
