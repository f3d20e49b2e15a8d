using System.Text.Json;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Boards;

public sealed class BoardCatalogueTests : IDisposable
{
    private readonly Tree _tree = new();

    [Fact]
    public void The_boards_that_are_promised_are_there_and_named_as_their_files()
    {
        string[] promised = ["jetson-orin-nano", "jetson-orin-nx", "jetson-agx-orin", "jetson-xavier-nx", "jetson-agx-thor", "generic-linux", "simulated"];

        Assert.Subset(BoardCatalogue.Names.ToHashSet(), promised.ToHashSet());
        Assert.All(BoardCatalogue.Names, name => Assert.Equal(name, BoardCatalogue.Get(name).Name));
    }

    [Theory]
    [InlineData("nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0", "jetson-orin-nano")]
    [InlineData("nvidia,p3768-0000+p3767-0001\0nvidia,p3767-0001\0nvidia,tegra234\0", "jetson-orin-nx")]
    [InlineData("nvidia,p3737-0000+p3701-0000\0nvidia,p3701-0000\0nvidia,tegra234\0", "jetson-agx-orin")]
    [InlineData("nvidia,p3509-0000+p3668-0001\0nvidia,p3668-0001\0nvidia,tegra194\0", "jetson-xavier-nx")]
    [InlineData("nvidia,p3971-0089+p3834-0008\0nvidia,p3834-0008\0nvidia,tegra264\0", "jetson-agx-thor")]
    [InlineData("raspberrypi,5-model-b\0brcm,bcm2712\0", "generic-linux")]
    public void A_board_is_found_from_its_device_tree(string compatible, string board)
    {
        _tree.Put("/proc/device-tree/compatible", compatible);

        Assert.Equal(board, BoardCatalogue.Detect(_tree.Root).Name);
    }

    [Fact]
    public void A_board_with_an_unknown_part_number_is_found_by_its_models_name()
    {
        _tree.Put("/proc/device-tree/compatible", "vendor,carrier\0nvidia,tegra234\0");
        _tree.Put("/proc/device-tree/model", "Vendor Box with NVIDIA Jetson AGX Orin\0");

        Assert.Equal("jetson-agx-orin", BoardCatalogue.Detect(_tree.Root).Name);
    }

    [Fact]
    public void The_simulator_is_never_chosen_unasked() =>
        Assert.All(BoardCatalogue.Names.Select(BoardCatalogue.Get).Where(b => b.Simulation is not null), b => Assert.Null(b.Detect));

    [Fact]
    public void An_unknown_name_is_refused_with_the_names_that_there_are() =>
        Assert.Contains("generic-linux", Assert.Throws<BoardException>(() => BoardCatalogue.Get("jetson")).Message);

    [Fact]
    public void A_board_file_of_ones_own_is_read_and_what_may_be_left_out_has_its_default()
    {
        var file = _tree.Put("/mine.json", """{ "name": "mine", "title": "Mine", "zones": { "limit": 70, "critical": 80 }, "fan": { "hwmon": ["my-fan"] } }""");

        var board = BoardCatalogue.Get(file);

        Assert.Equal(["*"], board.Zones.Governed);
        Assert.Equal("balanced", board.Fan!.Profile);
        Assert.Empty(board.Rails.Total);
    }

    [Theory]
    [InlineData("jetson-orin-nano", "TensorRT CUDA CPU")]
    [InlineData("generic-linux", "CUDA CPU")]
    [InlineData("simulated", "CPU")]
    public void A_board_says_what_computes_models_the_most_wanted_first(string board, string providers) =>
        Assert.Equal(providers, string.Join(' ', BoardCatalogue.Get(board).Providers.Select(p => p.Name)));

    [Fact]
    public void A_providers_settings_are_taken_over()
    {
        var file = _tree.Put(
            "/mine.json",
            """{ "name": "mine", "title": "Mine", "zones": { "limit": 70, "critical": 80 }, "providers": [{ "name": "CUDA", "options": { "gpu_mem_limit": "1000" } }] }""");

        Assert.Equal("1000", Assert.Single(BoardCatalogue.Get(file).Providers).Options["gpu_mem_limit"]);
    }

    [Theory]
    [InlineData("""{ "name": "mine", "title": "Mine", "zones": { "limit": 70, "critical": 80 }, "fans": {} }""", "fans")]
    [InlineData("""{ "name": "mine", "title": "Mine" }""", "zones")]
    [InlineData("nonsense", "can't be used")]
    public void A_wrong_board_file_is_refused_with_what_is_wrong(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<BoardException>(() => BoardCatalogue.Get(_tree.Put("/mine.json", text))).Message);

    [Fact]
    public void The_published_schema_knows_every_key_that_the_board_files_use()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository(), "docs", "board.schema.json")));
        foreach (var file in Directory.GetFiles(Path.Combine(Repository(), "board-configs"), "*.json"))
        {
            using var board = JsonDocument.Parse(File.ReadAllText(file));
            Check(board.RootElement, schema.RootElement, Path.GetFileName(file));
        }
    }

    public void Dispose() => _tree.Dispose();

    private static void Check(JsonElement value, JsonElement schema, string path)
    {
        var properties = schema.GetProperty("properties");
        foreach (var property in value.EnumerateObject())
        {
            Assert.True(properties.TryGetProperty(property.Name, out var known), $"{path}.{property.Name} is not in the schema.");
            if (property.Value.ValueKind == JsonValueKind.Object && known.TryGetProperty("properties", out _))
            {
                Check(property.Value, known, $"{path}.{property.Name}");
            }
        }

        foreach (var required in schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(n => n.GetString()!) : [])
        {
            Assert.True(value.TryGetProperty(required, out _), $"{path} lacks {required}.");
        }
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the repository.");
        }

        return folder.FullName;
    }
}
