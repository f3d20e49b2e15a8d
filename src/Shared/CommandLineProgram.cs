using System.CommandLine;
using System.CommandLine.Parsing;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge;

/// <summary>How a program's errors become exit statuses: 0 done, 1 it didn't hold or was refused, 2 usage. One file, compiled into each program.</summary>
internal static class CommandLineProgram
{
    /// <param name="name">The program's name, for its hint at the help.</param>
    /// <param name="root">Its commands.</param>
    /// <param name="arguments">As it was started.</param>
    /// <returns>The exit status.</returns>
    public static async Task<int> InvokeAsync(string name, RootCommand root, string[] arguments)
    {
        var result = root.Parse(arguments);
        if (result.Errors.Count > 0)
        {
            foreach (var error in result.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync($"'{name} {Path(result)}--help' says what can be given.");
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
