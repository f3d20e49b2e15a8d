using System.CommandLine;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Commands;

/// <summary>Options that several commands take.</summary>
internal static class FleetOptions
{
    public static readonly Option<string> Database = new("--db")
    {
        Description = "The collector's database. Default fleet.db in the working directory.",
        HelpName = "FILE",
        DefaultValueFactory = _ => "fleet.db",
        Recursive = true,
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Answer in JSON, for machines.", Recursive = true };

    public static readonly Option<string?> Key = new("--key")
    {
        Description = "The collector's key file; made if it is not there. Default collector-key.json beside the database.",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>The database for reading.</summary>
    public static FleetDatabase OpenReadOnly(ParseResult result) => FleetDatabase.OpenReadOnly(PathOf(result));

    /// <summary>The database for writing.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static FleetDatabase OpenExisting(ParseResult result)
    {
        OpenReadOnly(result).Dispose();
        return FleetDatabase.Open(PathOf(result));
    }

    public static string PathOf(ParseResult result) => Path.GetFullPath(result.GetRequiredValue(Database));

    /// <summary>The key file that the options name.</summary>
    public static string KeyPathOf(ParseResult result) =>
        result.GetValue(Key) is { } path ? FilePath(path) : Path.Combine(Path.GetDirectoryName(PathOf(result))!, "collector-key.json");

    /// <summary>Opens the collector's key; makes it first if it is not there.</summary>
    /// <exception cref="CommandException">It can't be opened or made.</exception>
    public static KeyFileKey OpenKey(ParseResult result) => CollectorKey.Open(KeyPathOf(result));

    /// <exception cref="CommandException">Not an address.</exception>
    public static Address AddressOf(string text) => Address.TryParse(text, out var address)
        ? address
        : throw new CommandException($"'{text}' is no address. Expected 0x and 40 hexadecimal digits with a correct checksum.");

    /// <summary>A path, or the URI of a key file.</summary>
    private static string FilePath(string text)
    {
        if (text.StartsWith("card:", StringComparison.Ordinal))
        {
            throw new CommandException($"{text}: a collector signs with a key file. Name it with --key FILE.");
        }

        return text.StartsWith("file:", StringComparison.Ordinal) ? KeyUri.Parse(text).Location : text;
    }
}
