using System.CommandLine;
using System.Text;
using OffLM.Edge.Configuration;

namespace OffLM.Edge.Commands;

/// <summary><c>config check</c>, <c>config show</c> and <c>config schema</c>.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var check = new Command("check", "Say what is wrong with the configuration: each wrong key with its line.");
        check.SetAction(Check);
        var show = new Command("show", "List every setting with its meaning and its name in the environment.");
        show.SetAction(Show);
        var schema = new Command("schema", "Print the configuration file's JSON schema.");
        schema.SetAction(_ => Schema());
        return new Command("config", "Check or describe the configuration.") { check, show, schema };
    }

    private static int Check(ParseResult result)
    {
        var (_, problems) = GlobalOptions.LoadSettings(result);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("ok", problems.Count == 0);
                json.WriteStartArray("problems");
                foreach (var problem in problems)
                {
                    json.WriteStartObject();
                    json.WriteString("where", problem.Where);
                    json.WriteString("message", problem.Message);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            });
        }
        else
        {
            foreach (var problem in problems)
            {
                Console.Error.WriteLine(problem);
            }

            Console.WriteLine(problems.Count == 0 ? "The configuration is in order." : $"{Output.Count(problems.Count, "problem")}.");
        }

        return problems.Count == 0 ? 0 : 1;
    }

    private static int Show(ParseResult result)
    {
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var setting in SettingTable.All)
                {
                    json.WriteStartObject();
                    json.WriteString("path", setting.Path);
                    json.WriteString("environment", setting.EnvironmentVariable);
                    json.WriteString("description", setting.Description);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
            return 0;
        }

        foreach (var setting in SettingTable.All)
        {
            Console.WriteLine($"{setting.Path}  ({setting.EnvironmentVariable})");
            Console.WriteLine($"    {setting.Description}");
        }

        return 0;
    }

    private static int Schema()
    {
        using var stream = new MemoryStream();
        ConfigurationSchema.Write(stream);
        Console.WriteLine(Encoding.UTF8.GetString(stream.ToArray()));
        return 0;
    }
}
