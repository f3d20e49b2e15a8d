using System.CommandLine;

namespace OffLM.Fleet.Commands;

/// <summary>The program's commands.</summary>
internal static class FleetCommandTree
{
    public static Task<int> InvokeAsync(string[] arguments)
    {
        var root = new RootCommand("OffLM.Fleet: collects signed receipts from nodes through an MQTT broker, verifies and settles them.")
        {
            CollectCommand.Create(),
            NodesCommand.Create(),
            WatchCommand.Create(),
            ReportCommand.Create(),
            VerifyCommand.Create(),
            SettleCommand.Create(),
            KeyCommand.Create(),
        };
        root.Options.Add(FleetOptions.Database);
        root.Options.Add(FleetOptions.Key);
        root.Options.Add(FleetOptions.Json);
        return CommandLineProgram.InvokeAsync("offlm-fleet", root, arguments);
    }
}
