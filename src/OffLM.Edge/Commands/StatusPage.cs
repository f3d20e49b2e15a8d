using System.Globalization;
using System.Text.Json;

namespace OffLM.Edge.Commands;

/// <summary>The node's status as people read it: a line a subject, and what needs attention last. <c>--json</c> has every figure.</summary>
internal static class StatusPage
{
    /// <param name="status">As the node API gives it to its owner.</param>
    public static void Print(JsonElement status)
    {
        List<(string Name, string Value)> lines =
        [
            ("state", $"{Text(status, "state")}, up {Age(status.GetProperty("uptimeSeconds").GetDouble())}, version {Text(status, "version")}"),
            ("network", $"{(Flag(status, "network", "testNetwork") ? "test network, " : "")}chain {Text(status, "network", "chainId")}"),
            ("answers", $"{Text(status, "running")} running"),
        ];
        Add(lines, "model", Items(status, "loadedModels").Select(model => $"{Text(model, "name")} on {Text(model, "provider")}{OnCpu(model)}"));
        foreach (var model in Items(status, "loadedModels"))
        {
            Add(lines, "provider", Items(model, "failedProviders").Select(failed => $"{Text(failed, "provider")} can't be used: {Text(failed, "reason")}"));
        }

        if (Find(status, "key") is { } key)
        {
            var doubt = Flag(key, "available") ? "" : ", can't sign now";
            lines.Add(("key", $"{Text(key, "address") ?? "none yet"} ({Text(key, "class")}{doubt})"));
        }

        if (Find(status, "ledger") is { } ledger)
        {
            lines.Add(("receipts", $"{Text(ledger, "receipts")}, {Text(ledger, "open")} not signed yet"));
        }

        if (Find(status, "settlement") is { } settlement)
        {
            AddSettlement(lines, settlement);
        }

        if (Find(status, "sync") is { } sync)
        {
            var reason = Text(sync, "link", "problem") is { } problem ? $": {problem}" : "";
            lines.Add(("link", $"{Text(sync, "link", "state")}, {Text(sync, "broker")}, fleet {Text(sync, "fleet")}{reason}"));
            Add(lines, "rejected", Rejected(sync));
        }

        Add(lines, "problem", Items(status, "problems").Select(problem => problem.ToString()));
        Output.Pairs([.. lines]);
    }

    private static void AddSettlement(List<(string Name, string Value)> lines, JsonElement settlement)
    {
        var oldest = Find(settlement, "oldest") is { } first ? $", the oldest, batch {Text(first, "batch")}, for {Age(first.GetProperty("ageSeconds").GetDouble())}" : "";
        lines.Add(("unsettled", $"{Text(settlement, "unsettledBatches")} batches with {Text(settlement, "unsettledReceipts")} receipts{oldest}"));
        if (Find(settlement, "lastVerdict") is { } verdict)
        {
            lines.Add(("verdict", $"{Verdict(verdict)}, {Text(verdict, "at")}"));
        }

        Add(lines, "refused", Items(settlement, "refused").Select(Verdict));
    }

    private static void Add(List<(string Name, string Value)> lines, string name, IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            lines.Add((name, value));
        }
    }

    private static string Verdict(JsonElement verdict) =>
        $"batch {Text(verdict, "batch")} {Text(verdict, "verdict")}{(Text(verdict, "reason") is { } reason ? $": {reason}" : "")}";

    /// <summary>Verdicts that were not taken, by what was wrong with them.</summary>
    private static IEnumerable<string> Rejected(JsonElement sync) =>
        Find(sync, "rejectedVerdicts") is { } kinds ? kinds.EnumerateObject().Select(kind => $"{kind.Value} verdicts were not taken: {kind.Name}") : [];

    private static string OnCpu(JsonElement model) => Text(model, "placement", "onCpu") is { } nodes and not "0"
        ? $", {nodes} of its {Text(model, "placement", "nodes")} nodes on the CPU"
        : "";

    private static string Age(double seconds) => TimeSpan.FromSeconds(Math.Max(0, seconds)) switch
    {
        { TotalDays: >= 2 } age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:F0} days"),
        { TotalHours: >= 2 } age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:F0} h"),
        { TotalMinutes: >= 2 } age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:F0} min"),
        var age => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:F0} s"),
    };

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) => Find(element, name) is { } items ? items.EnumerateArray() : [];

    private static bool Flag(JsonElement element, params ReadOnlySpan<string> path) => Find(element, path) is { ValueKind: JsonValueKind.True };

    private static string? Text(JsonElement element, params ReadOnlySpan<string> path) => Find(element, path)?.ToString();

    private static JsonElement? Find(JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element) || element.ValueKind == JsonValueKind.Null)
            {
                return null;
            }
        }

        return element;
    }
}
