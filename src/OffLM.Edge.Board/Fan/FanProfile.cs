using OffLM.Edge.Board.Boards;

namespace OffLM.Edge.Board.Fan;

/// <summary>What matters more: silence or cold.</summary>
/// <param name="Name">As in the settings.</param>
/// <param name="Margin">Degrees below the limit that the fan holds.</param>
/// <param name="MaximumDuty">The most it does for that, 0 to 1; beyond, the governor slows the decoding.</param>
public sealed record FanProfile(string Name, double Margin, double MaximumDuty)
{
    public static readonly FanProfile Quiet = new("quiet", 6, 0.75);
    public static readonly FanProfile Balanced = new("balanced", 12, 0.9);
    public static readonly FanProfile Cool = new("cool", 28, 1);

    /// <summary>In quiet hours: barely audible, whatever that costs in tokens.</summary>
    public static readonly FanProfile Night = new("night", 4, 0.45);

    /// <summary>The profiles that can be asked for; <c>off</c> leaves the fan to the system.</summary>
    public static IReadOnlyList<string> Names { get; } = ["off", Quiet.Name, Balanced.Name, Cool.Name];

    /// <summary>The profile of a name; null for <c>off</c>.</summary>
    /// <exception cref="BoardException">There is none of that name.</exception>
    public static FanProfile? Get(string name) => name switch
    {
        "off" => null,
        "quiet" => Quiet,
        "balanced" => Balanced,
        "cool" => Cool,
        _ => throw new BoardException($"There is no fan profile '{name}'. There are {string.Join(", ", Names)}."),
    };
}
