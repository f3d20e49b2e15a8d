using System.CommandLine;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;

namespace OffLM.Edge.Commands;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string?> State = new("--state")
    {
        Description = "The state directory. Default: OFFLM_STATE, /var/lib/offlm for root, else the user's own data folder.",
        HelpName = "DIR",
        Recursive = true,
    };

    public static readonly Option<string?> Config = new("--config")
    {
        Description = $"The configuration file. Default: OFFLM_CONFIG, else {Configurator.DefaultFile} if it exists.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<bool> Json = new("--json") { Description = "Answer in JSON, for machines.", Recursive = true };

    public static StateDirectory StateOf(ParseResult result) => StateDirectory.Choose(result.GetValue(State));

    /// <summary>The settings, with options on top.</summary>
    /// <exception cref="CommandException">Something is wrong with them; names all of it.</exception>
    public static EdgeSettings SettingsOf(ParseResult result, IReadOnlyDictionary<string, string>? options = null)
    {
        var (settings, problems) = LoadSettings(result, options);
        return problems.Count == 0 ? settings : throw new CommandException(string.Join(Environment.NewLine, problems));
    }

    public static (EdgeSettings Settings, IReadOnlyList<ConfigurationProblem> Problems) LoadSettings(
        ParseResult result, IReadOnlyDictionary<string, string>? options = null) =>
        Configurator.Load(ConfigFileOf(result), options ?? new Dictionary<string, string>());

    private static string? ConfigFileOf(ParseResult result) =>
        result.GetValue(Config) ?? (Environment.GetEnvironmentVariable("OFFLM_CONFIG") is { Length: > 0 } file ? file : null);
}
