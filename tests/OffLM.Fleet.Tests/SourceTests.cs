namespace OffLM.Fleet.Tests;

/// <summary>What the sources promise about themselves.</summary>
public sealed class SourceTests
{
    [Fact]
    public void Nothing_calls_protobuf_s_json_whose_warning_is_suppressed()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("No folder above the tests holds OffLM.Edge.sln.");
        }

        var callers = Directory.EnumerateFiles(Path.Combine(folder.FullName, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && File.ReadAllText(f) is var text
                && (text.Contains("JsonFormatter", StringComparison.Ordinal) || text.Contains("JsonParser", StringComparison.Ordinal)));
        Assert.Empty(callers);
    }
}
