using System.Text;
using OffLM.Edge.Configuration;

namespace OffLM.Edge.Tests.Configuration;

public sealed class SettingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-config-");

    [Fact]
    public void The_published_schema_and_the_settings_page_are_up_to_date()
    {
        using var schema = new MemoryStream();
        ConfigurationSchema.Write(schema);
        var docs = Path.Combine(Repository(), "docs");

        Assert.Equal(Encoding.UTF8.GetString(schema.ToArray()), File.ReadAllText(Path.Combine(docs, "edge.schema.json")).TrimEnd('\n'));
        var page = File.ReadAllText(Path.Combine(docs, "settings.md"));
        Assert.All(SettingTable.All, s => Assert.Contains($"| `{s.Path}` | `{s.EnvironmentVariable}` | {s.Description} |", page));
    }

    [Fact]
    public void Every_wrong_key_is_named_with_its_line_and_none_hides_another()
    {
        var problems = Check(
            """
            {
              // comments are fine
              "lan": {
                "listn": ["127.0.0.1:1"],
                "trustLoopback": "maybe",
                "open": ["192.168.1.0/24", "nonsense"]
              },
              "inference": { "keepAlive": "5 minutes", "maxLoaded": 0 },
              "bord": {},
              "key": "file:x",
              "metering": { "tariff": { "input": 1.5 } },
            }
            """);

        Assert.Equal(
            [
                "4: there is no setting 'lan.listn'. Did you mean 'lan.listen'?",
                "5: lan.trustLoopback: expected true or false.",
                "6: lan.open: expected networks such as 192.168.1.0/24, got 'nonsense'.",
                "8: inference.keepAlive: expected a duration: a number with ms, s, m, h or d, for example 90s.",
                "8: inference.maxLoaded: expected a whole number from 1 to 64.",
                "9: there is no setting 'bord'.",
                "10: 'key' is a section: expected an object",
                "11: metering.tariff.input: expected a whole amount of atto-OFFLM (10^-18) as decimal digits in quotes.",
            ],
            problems);
    }

    [Theory]
    [InlineData("{ \"lan\": ", "is not JSON")]
    [InlineData("[]", "one JSON object")]
    [InlineData("", "is not JSON")]
    public void A_file_that_is_no_configuration_is_called_that(string text, string expected) =>
        Assert.Contains(expected, string.Join('\n', Check(text)));

    [Fact]
    public void A_missing_file_is_a_problem_not_a_default()
    {
        var (_, problems) = Configurator.Load(Path.Combine(_folder.FullName, "nosuch.json"), new Dictionary<string, string>());

        Assert.Contains("can't be read", Assert.Single(problems).Message);
    }

    [Fact]
    public void Options_win_over_the_file()
    {
        var file = Write("""{ "lan": { "listen": ["127.0.0.1:1"] }, "inference": { "keepAlive": "2h" } }""");

        var (settings, problems) = Configurator.Load(file, new Dictionary<string, string> { ["lan.listen"] = "0.0.0.0:2, [::1]:3" });

        Assert.Empty(problems);
        Assert.Equal(["0.0.0.0:2", "[::1]:3"], settings.Lan.Listen.Select(e => e.ToString()));
        Assert.Equal(TimeSpan.FromHours(2), settings.Models.KeepAlive);
        Assert.True(settings.ListensBeyondLoopback);
    }

    [Fact]
    public void Shares_that_do_not_add_up_are_refused()
    {
        var (_, problems) = Configurator.Load(Write("""{ "metering": { "tariff": { "provider": 9000 } } }"""), new Dictionary<string, string>());

        Assert.Contains("add up to 9000", Assert.Single(problems).Message);
    }

    [Fact]
    public void Names_in_the_environment_follow_from_the_settings_names()
    {
        Assert.Equal("OFFLM_LAN_TRUST_LOOPBACK", SettingTable.Find("lan.trustLoopback")!.EnvironmentVariable);
        Assert.Equal(SettingTable.All.Count, SettingTable.All.Select(s => s.EnvironmentVariable).Distinct().Count());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository.");
        }

        return folder.FullName;
    }

    private string Write(string text)
    {
        var file = Path.Combine(_folder.FullName, "edge.json");
        File.WriteAllText(file, text);
        return file;
    }

    private List<string> Check(string text)
    {
        var file = Write(text);
        return [.. ConfigurationFile.Apply(file, new EdgeSettings()).Select(p => p.ToString().Replace(file + ":", "", StringComparison.Ordinal))];
    }
}
