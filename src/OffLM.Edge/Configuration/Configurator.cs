using System.Collections;
using OffLM.Edge.Network;
using OffLM.Mqtt;

namespace OffLM.Edge.Configuration;

/// <summary>Puts the settings together: defaults, then the file, then the environment, then options.</summary>
internal static class Configurator
{
    public const string DefaultFile = "/etc/offlm/edge.json";

    /// <summary>Names in the environment that are ours but no settings.</summary>
    private static readonly IReadOnlyList<string> OtherVariables = ["OFFLM_STATE", "OFFLM_CONFIG", "OFFLM_KEY_PASSWORD", "OFFLM_KEY_PIN", "OFFLM_KEY_NEW_PIN", "OFFLM_KEY_ADMIN_PIN", "OFFLM_KEY_NEW_ADMIN_PIN", BrokerPassword.EnvironmentVariable, "OFFLM_NATIVE_DIR"];

    /// <param name="file">The file named by the user; null for the default one, if it exists.</param>
    /// <param name="options">Settings given as options, by path.</param>
    /// <returns>The settings, and all that is wrong with them.</returns>
    public static (EdgeSettings Settings, IReadOnlyList<ConfigurationProblem> Problems) Load(
        string? file, IReadOnlyDictionary<string, string> options)
    {
        var settings = new EdgeSettings();
        var problems = new List<ConfigurationProblem>();
        if (file is not null || File.Exists(DefaultFile))
        {
            problems.AddRange(ConfigurationFile.Apply(file ?? DefaultFile, settings));
        }

        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            ApplyVariable((string)variable.Key, (string?)variable.Value ?? "", settings, problems);
        }

        foreach (var (path, value) in options)
        {
            var setting = SettingTable.Find(path) ?? throw new InvalidOperationException($"The option for {path} stands for no setting.");
            if (TryApply(setting, Parse(setting, value), settings) is { } problem)
            {
                problems.Add(new("option", problem));
            }
        }

        if (problems.Count == 0 && settings.EffectiveTariff.Problem() is { } tariff)
        {
            problems.Add(new("metering.tariff", tariff));
        }

        if (problems.Count == 0 && settings.Network.Problem() is { } network)
        {
            problems.Add(new("network", network));
        }

        return (settings, problems);
    }

    /// <summary>Takes a value over; what is wrong with it, or null.</summary>
    public static string? TryApply(Setting setting, SettingValue value, EdgeSettings settings)
    {
        try
        {
            setting.Apply(settings, value);
            return null;
        }
        catch (FormatException e)
        {
            return $"{setting.Path}: {e.Message}.";
        }
    }

    private static void ApplyVariable(string name, string value, EdgeSettings settings, List<ConfigurationProblem> problems)
    {
        if (!name.StartsWith("OFFLM_", StringComparison.Ordinal) || OtherVariables.Contains(name))
        {
            return;
        }

        if (SettingTable.All.FirstOrDefault(s => s.EnvironmentVariable == name) is not { } setting)
        {
            problems.Add(new(name, "stands for no setting. 'offlm-edge config show' lists the names."));
        }
        else if (TryApply(setting, Parse(setting, value), settings) is { } problem)
        {
            problems.Add(new(name, problem));
        }
    }

    private static SettingValue Parse(Setting setting, string value) =>
        setting.Kind == SettingKind.TextList ? SettingValue.List(value) : new SettingValue(value);
}
