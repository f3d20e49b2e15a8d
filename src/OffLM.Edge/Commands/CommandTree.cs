using System.CommandLine;
using OffLM.Edge.Commands.Benchmarks;
using OffLM.Edge.Commands.Keys;

namespace OffLM.Edge.Commands;

/// <summary>The program's commands.</summary>
internal static class CommandTree
{
    public static Task<int> InvokeAsync(string[] arguments) => CommandLineProgram.InvokeAsync("offlm-edge", Root(), arguments);

    /// <summary>All commands and their options.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("OffLM.Edge: private AI on your own box, with a signed receipt for every answer.")
        {
            RunCommand.Create(),
            StatusCommand.Create(),
            DoctorCommand.Create(),
            BoardCommand.Create(),
            BenchCommand.Create(),
            ConfigCommand.Create(),
            ModelCommand.Create(),
            ApiKeyCommand.Create(),
            KeyCommand.Create(),
            LedgerCommand.Create(),
            ReceiptsCommand.Create(),
        };
        root.Options.Add(GlobalOptions.State);
        root.Options.Add(GlobalOptions.Config);
        root.Options.Add(GlobalOptions.Json);
        return root;
    }
}
