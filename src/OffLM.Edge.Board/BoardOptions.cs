using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board;

/// <summary>What the owner says about the board.</summary>
public sealed record BoardOptions
{
    /// <summary>A board's name or the path of a board file; null to find out.</summary>
    public string? Name { get; init; }

    /// <summary>The root under which <c>/sys</c>, <c>/proc</c> and <c>/etc</c> are read.</summary>
    public string Sysfs { get; init; } = "/";

    /// <summary>Degrees Celsius that no zone may exceed; null for the board's own limits.</summary>
    public double? Limit { get; init; }

    /// <summary>The fan's profile, or <c>off</c>; null for the board's own.</summary>
    public string? Fan { get; init; }

    /// <summary>When the box must barely be heard; null for never.</summary>
    public QuietHours? QuietHours { get; init; }

    /// <summary>Watts that the whole board may draw on average over ten seconds; null for no limit.</summary>
    public double? Watts { get; init; }

    /// <summary>The power mode to set at the start, by name; null to leave it.</summary>
    public string? PowerMode { get; init; }

    /// <summary>What a kilowatt-hour costs; null if unknown.</summary>
    public ElectricityPrice? Price { get; init; }

    /// <summary>What prices are in, for people.</summary>
    public string Currency { get; init; } = "EUR";

    /// <summary>The board that was named, or the one that the machine says it is.</summary>
    /// <exception cref="BoardException">There is no board of that name, or its file can't be used.</exception>
    public BoardFile ChooseBoard() => Name is null ? BoardCatalogue.Detect(new SysfsRoot(Sysfs)) : BoardCatalogue.Get(Name);
}
