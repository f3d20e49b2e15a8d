using System.Text.Json.Serialization;

namespace OffLM.Edge.Board.Boards;

/// <summary>What is known of a board: how it is recognised, and where its sensors, rails, fan, GPU and limits are. <c>docs/board.schema.json</c>.</summary>
public sealed record BoardFile
{
    /// <summary>The schema's address, for editors.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; set; }

    /// <summary>As given to <c>--board</c>.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>How it is recognised; null for a board that is used only where no other fits, or only on request.</summary>
    public BoardMarks? Detect { get; set; }

    public required ZoneRules Zones { get; init; }

    public RailRules Rails { get; set; } = new();

    /// <summary>Null for a board whose fan is none of ours.</summary>
    public FanRules? Fan { get; set; }

    /// <summary>Names of the GPU's device tree node or device, with wildcards.</summary>
    public IReadOnlyList<string> Gpu { get; set; } = [];

    /// <summary>What the governor assumes until it has learned better; null for a board that nothing is known of.</summary>
    public ThermalPrior? Thermal { get; set; }

    /// <summary>Execution providers for models, the most wanted first; empty for the CPU alone.</summary>
    public IReadOnlyList<BoardProvider> Providers { get; set; } = [];

    /// <summary>The simulator's profile that stands in for the hardware; null for real hardware.</summary>
    public string? Simulation { get; set; }
}

/// <summary>How a board is recognised. One mark that fits is enough.</summary>
public sealed record BoardMarks
{
    /// <summary>Entries of <c>/proc/device-tree/compatible</c>, with wildcards.</summary>
    public IReadOnlyList<string> Compatible { get; set; } = [];

    /// <summary>Parts of <c>/proc/device-tree/model</c>.</summary>
    public IReadOnlyList<string> Model { get; set; } = [];

    /// <summary>Parts of DMI's vendor and product name, joined by a space.</summary>
    public IReadOnlyList<string> Dmi { get; set; } = [];
}

/// <summary>Which temperatures count, and what they may reach.</summary>
public sealed record ZoneRules
{
    /// <summary>Zones that limits apply to, with wildcards; the others are shown only.</summary>
    public IReadOnlyList<string> Governed { get; set; } = ["*"];

    /// <summary>Zones that are no sensors, with wildcards: Jetson's PMIC zone is a constant.</summary>
    public IReadOnlyList<string> Ignore { get; set; } = [];

    /// <summary>What the governor holds governed zones below, degrees Celsius. Below where the kernel throttles; a zone's own trips lower it.</summary>
    public required double Limit { get; init; }

    /// <summary>Where requests are refused, degrees Celsius. Below where the kernel or the firmware switches off.</summary>
    public required double Critical { get; init; }
}

/// <summary>Which power rails there are, and what makes up the whole.</summary>
public sealed record RailRules
{
    /// <summary>The rail that feeds everything else; the first that exists.</summary>
    public IReadOnlyList<string> Total { get; set; } = [];

    /// <summary>Without such a rail: the rails that add up; empty for all of them.</summary>
    public IReadOnlyList<string> Sum { get; set; } = [];

    /// <summary>Channels that are no rails.</summary>
    public IReadOnlyList<string> Ignore { get; set; } = [];

    /// <summary>Names for channels without labels, by chip and channel, for example <c>ina3221:1</c>.</summary>
    public IReadOnlyDictionary<string, string> Names { get; set; } = new Dictionary<string, string>();

    /// <summary>What the total leaves out, for people; null if nothing.</summary>
    public string? Misses { get; set; }
}

/// <summary>The fan, and how it is driven.</summary>
public sealed record FanRules
{
    /// <summary>Names of the hwmon device that has <c>pwm1</c>; the first that exists.</summary>
    public IReadOnlyList<string> Hwmon { get; set; } = [];

    /// <summary>Names of the hwmon device that has the tachometer, if it is another.</summary>
    public IReadOnlyList<string> Tachometer { get; set; } = [];

    /// <summary>Share of full speed below which it may not run while it runs, 0 to 1.</summary>
    public double MinimumDuty { get; set; } = 0.2;

    /// <summary>Share of full speed that starts it from rest, 0 to 1.</summary>
    public double StartDuty { get; set; } = 0.35;

    /// <summary>Whether it may stand still when the board is cool.</summary>
    public bool MayStop { get; set; } = true;

    /// <summary>The profile in force without a setting: quiet, balanced, cool or off.</summary>
    public string Profile { get; set; } = "balanced";
}

/// <summary>A first guess at how a board warms: enough to begin with, replaced by what is learned.</summary>
/// <param name="IdleWatts">Drawn at rest.</param>
/// <param name="FullWatts">Drawn while computing without pause.</param>
/// <param name="SecondsConstant">How fast the hottest zone follows power, to 63 %.</param>
/// <param name="DegreesPerWatt">How far it follows, within that time.</param>
public sealed record ThermalPrior(double IdleWatts, double FullWatts, double SecondsConstant, double DegreesPerWatt);

/// <summary>An execution provider of ONNX Runtime that models may be computed with.</summary>
public sealed record BoardProvider
{
    /// <summary>TensorRT, CUDA or CPU.</summary>
    public required string Name { get; init; }

    /// <summary>The provider's own settings, by the names that ONNX Runtime's documentation gives them.</summary>
    public IReadOnlyDictionary<string, string> Options { get; set; } = new Dictionary<string, string>();
}
