using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using OffLM.Mqtt.Contracts;

namespace OffLM.Mqtt.Tests;

/// <summary>What src/OffLM.Mqtt/Protobuf.targets says: why the ahead-of-time compiler's only warning may be taken away.</summary>
public sealed class ContractTests
{
    private static readonly string s_sources = Path.GetFullPath(Path.Combine(Here(), "../../src"));

    [Fact]
    public void No_message_is_written_or_read_as_json()
    {
        var users = Directory.EnumerateFiles(s_sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is var text
                && (text.Contains("JsonFormatter", StringComparison.Ordinal) || text.Contains("JsonParser", StringComparison.Ordinal)));

        Assert.Empty(users);
    }

    [Fact]
    public void The_contracts_have_no_enums_so_that_even_a_message_in_a_log_would_do_no_harm()
    {
        var messages = new[] { ReceiptsReflection.Descriptor, FleetReflection.Descriptor }.SelectMany(file => file.MessageTypes).ToList();

        Assert.NotEmpty(messages);
        Assert.DoesNotContain(messages.SelectMany(message => message.Fields.InFieldNumberOrder()), field => field.FieldType == FieldType.Enum);
        Assert.Equal("{ \"batch\": \"3\" }", new BatchMessage { Batch = 3 }.ToString());
    }

    [Fact]
    public void The_method_that_is_left_out_is_there_to_be_left_out()
    {
        var type = XDocument.Load(Path.Combine(s_sources, "OffLM.Mqtt/ProtobufSubstitutions.xml")).Descendants("type").Single();
        var method = type.Elements("method").Single();

        var found = typeof(JsonFormatter).Assembly.GetType(type.Attribute("fullname")!.Value.Replace('/', '+'))!
            .GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            .Single(one => method.Attribute("signature")!.Value.Contains($" {one.Name}(", StringComparison.Ordinal));
        Assert.Equal([typeof(object)], found.GetParameters().Select(parameter => parameter.ParameterType));
    }

    /// <summary>Otherwise publishing it fails, minutes later, with the warning.</summary>
    [Fact]
    public void Each_executable_with_the_contracts_leaves_it_out()
    {
        foreach (var project in Directory.EnumerateFiles(s_sources, "*.csproj", SearchOption.AllDirectories))
        {
            var text = File.ReadAllText(project);
            if (text.Contains("<PublishAot", StringComparison.Ordinal) && Reaches(project, "OffLM.Mqtt.csproj"))
            {
                Assert.Contains("OffLM.Mqtt/Protobuf.targets", text);
            }
        }
    }

    private static bool Reaches(string project, string name) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, reference.Attribute("Include")!.Value)))
            .Any(next => Path.GetFileName(next) == name || Reaches(next, name));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
