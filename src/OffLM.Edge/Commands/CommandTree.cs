using System.CommandLine;
using System.CommandLine.Parsing;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Commands;

/// <summary>The program's commands, and how their errors become exit statuses: 0 done, 1 it didn't hold or was refused, 2 usage.</summary>
internal static class CommandTree
{
    public static async Task<int> InvokeAsync(string[] arguments)
    {
        var root = new RootCommand("OffLM.Edge: private AI on your own box, with a signed receipt for every answer.")
        {
            RunCommand.Create(),
            StatusCommand.Create(),
            DoctorCommand.Create(),
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
        var result = root.Parse(arguments);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync($"'offlm-edge {Path(result)}--help' says what can be given.");
            return 2;
        }

        try
        {
            return await result.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (IsForTheUser(e))
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    /// <summary>True for what a user can act on: refusals, damaged rows and files, disks that fail. Anything else is a fault of the program.</summary>
    private static bool IsForTheUser(Exception error) =>
        error is CommandException or LedgerUnavailableException or LedgerVersionException or SqliteException or FormatException or InvalidDataException or IOException or UnauthorizedAccessException;

    /// <summary>The commands given so far, each followed by a space.</summary>
    private static string Path(ParseResult result)
    {
        var path = "";
        for (var command = result.CommandResult; command is { Command: not RootCommand }; command = command.Parent as CommandResult)
        {
            path = command.Command.Name + " " + path;
        }

        return path;
    }
}
