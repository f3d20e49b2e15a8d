using System.Text.Json;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Boards;

/// <summary>The board files that the program carries, and which of them fits a machine.</summary>
public static class BoardCatalogue
{
    /// <summary>The board for machines that no other fits.</summary>
    public const string Fallback = "generic-linux";

    private const string Resources = "board-configs/";

    /// <summary>Every board's name, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(BoardCatalogue).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Resources, StringComparison.Ordinal)).Select(n => n[Resources.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>The board of a name, or in a file whose path is given.</summary>
    /// <exception cref="BoardException">There is none, or the file is no board file.</exception>
    public static BoardFile Get(string nameOrPath)
    {
        if (Names.Contains(nameOrPath))
        {
            using var stream = typeof(BoardCatalogue).Assembly.GetManifestResourceStream(Resources + nameOrPath)!;
            return JsonSerializer.Deserialize(stream, BoardJson.Default.BoardFile)!;
        }

        if (!nameOrPath.Contains('/', StringComparison.Ordinal))
        {
            throw new BoardException($"There is no board '{nameOrPath}'. There are {string.Join(", ", Names)}; or give the path of a board file.");
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(nameOrPath), BoardJson.Default.BoardFile)
                ?? throw new BoardException($"The board file {nameOrPath} holds nothing.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BoardException($"The board file {nameOrPath} can't be used: {e.Message} docs/board.schema.json says what belongs in it.", e);
        }
    }

    /// <summary>The board that a machine says it is; <see cref="Fallback"/> if nothing fits.</summary>
    public static BoardFile Detect(SysfsRoot root)
    {
        var compatible = SysfsRoot.Text(root.In("/proc/device-tree/compatible"))?.Split('\0') ?? [];
        var model = SysfsRoot.Text(root.In("/proc/device-tree/model")) ?? "";
        var dmi = $"{SysfsRoot.Text(root.In("/sys/class/dmi/id/sys_vendor"))} {SysfsRoot.Text(root.In("/sys/class/dmi/id/product_name"))}";
        var boards = Names.Select(Get).Where(b => b.Detect is not null).ToList();

        // The device tree's list begins with the most exact name, so its order decides before ours.
        return compatible.Select(c => boards.FirstOrDefault(b => Wildcard.MatchesAny(b.Detect!.Compatible, c))).FirstOrDefault(b => b is not null)
            ?? boards.FirstOrDefault(b => b.Detect!.Model.Any(m => model.Contains(m, StringComparison.OrdinalIgnoreCase)))
            ?? boards.FirstOrDefault(b => b.Detect!.Dmi.Any(d => dmi.Contains(d, StringComparison.OrdinalIgnoreCase)))
            ?? Get(Fallback);
    }
}
