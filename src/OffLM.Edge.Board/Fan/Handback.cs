using System.Text.Json;
using System.Text.Json.Serialization;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Fan;

/// <summary>
/// What has to be put back when the node ends, however it ends: written to a file before anything is taken, and read by
/// <c>board release</c> after a crash.
/// </summary>
public sealed record Handback
{
    /// <summary>The fan is left turning at least this fast, until somebody else decides.</summary>
    private const int SafePwm = 153;

    /// <summary>The driver of a fan at a PWM output. Nobody takes over behind its switch: it says only what happens to the fan's power, and 0 cuts it.</summary>
    private const string PwmOutput = "pwmfan";

    /// <summary>The fan's PWM file; null if the fan was not taken.</summary>
    public string? Pwm { get; init; }

    /// <summary>Its value before.</summary>
    public int PwmBefore { get; init; }

    /// <summary>The fan's control switch; null if the driver has none.</summary>
    public string? Enable { get; init; }

    /// <summary>Its value before; 1 is a program.</summary>
    public long EnableBefore { get; init; }

    /// <summary>The GPU's clock cap; null if it was not taken.</summary>
    public string? Cap { get; init; }

    /// <summary>Its value before, hertz.</summary>
    public long CapBefore { get; init; }

    /// <summary>Reads what a process that ended left; null if there is nothing to put back.</summary>
    /// <param name="file">The state directory's <c>board.json</c>.</param>
    public static Handback? Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), HandbackJson.Default.Handback) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps it, whole or not at all.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Write(string file)
    {
        var temporary = file + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(this, HandbackJson.Default.Handback));
        File.Move(temporary, file, overwrite: true);
    }

    /// <summary>Puts everything back, and forgets it.</summary>
    /// <param name="file">Where it was kept.</param>
    /// <returns>What was put back, for people.</returns>
    public IReadOnlyList<string> Restore(string file)
    {
        var done = new List<string>();
        if (Pwm is not null)
        {
            done.Add(RestoreFan());
        }

        if (Cap is not null)
        {
            done.Add(SysfsWriter.TryWrite(Cap, CapBefore) ? $"The GPU may run at {CapBefore / 1_000_000} MHz again." : $"{Cap} can't be written.");
        }

        File.Delete(file);
        return done;
    }

    private string RestoreFan()
    {
        // The speed first, while it can be set: whoever takes over may need a moment, or may not be there any more.
        var pwm = Math.Max(PwmBefore, SafePwm);
        var turns = SysfsWriter.TryWrite(Pwm!, pwm);
        var isOutput = SysfsRoot.Text(Path.Combine(Path.GetDirectoryName(Pwm!)!, "name")) == PwmOutput;
        var isSwitched = Enable is not null && EnableBefore != 1 && !(isOutput && EnableBefore == 0) && SysfsWriter.TryWrite(Enable, EnableBefore);
        return isSwitched && !isOutput ? "The fan is the system's again."
            : turns ? $"The fan turns at {pwm * 100 / FanDevice.FullPwm} % until somebody controls it."
            : $"{Pwm} can't be written.";
    }
}

/// <summary>The hand-back file.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(Handback))]
internal sealed partial class HandbackJson : JsonSerializerContext;
