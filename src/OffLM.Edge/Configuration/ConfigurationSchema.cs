using System.Text.Json;

namespace OffLM.Edge.Configuration;

/// <summary>The JSON schema of the configuration file, for editors and for <c>docs/</c>.</summary>
internal static class ConfigurationSchema
{
    public static void Write(Stream output)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
        json.WriteString("title", "OffLM.Edge configuration");
        WriteSection(json, "");
        json.WriteEndObject();
    }

    private static void WriteSection(Utf8JsonWriter json, string section)
    {
        var prefix = section.Length == 0 ? "" : section + ".";
        json.WriteString("type", "object");
        json.WriteBoolean("additionalProperties", false);
        json.WriteStartObject("properties");
        foreach (var group in SettingTable.All.Where(s => s.Path.StartsWith(prefix, StringComparison.Ordinal)).GroupBy(s => s.Path[prefix.Length..].Split('.')[0]))
        {
            json.WriteStartObject(group.Key);
            if (SettingTable.Find(prefix + group.Key) is { } setting)
            {
                WriteSetting(json, setting);
            }
            else
            {
                WriteSection(json, prefix + group.Key);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSetting(Utf8JsonWriter json, Setting setting)
    {
        json.WriteString("description", setting.Description);
        switch (setting.Kind)
        {
            case SettingKind.Boolean:
                json.WriteString("type", "boolean");
                break;
            case SettingKind.Integer:
                json.WriteString("type", "integer");
                json.WriteNumber("minimum", 0);
                break;
            case SettingKind.TextList:
                json.WriteString("type", "array");
                json.WriteStartObject("items");
                json.WriteString("type", "string");
                json.WriteEndObject();
                break;
            case SettingKind.Amount:
                json.WriteString("type", "string");
                json.WriteString("pattern", "^[0-9]{1,39}$");
                break;
            case SettingKind.Duration:
                json.WriteString("type", "string");
                json.WriteString("pattern", "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$");
                break;
            default:
                json.WriteString("type", "string");
                break;
        }
    }
}
