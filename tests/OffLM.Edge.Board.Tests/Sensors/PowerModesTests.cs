using System.Diagnostics;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Board.Tests.Support;

namespace OffLM.Edge.Board.Tests.Sensors;

/// <remarks>One collection for all tests that start scripts: a script that a test writes can't be run while another test forks.</remarks>
[Collection("scripts")]
public sealed class PowerModesTests : IDisposable
{
    private readonly Tree _tree = OrinNano.Create();

    [Fact]
    public void Modes_are_known_by_name_whatever_their_numbers()
    {
        var modes = PowerModes.Find(_tree.Root)!;

        Assert.Equal(["15W", "25W", "MAXN_SUPER"], modes.Names.Values);
        Assert.Equal("25W", modes.Current);
    }

    [Fact]
    public void A_mode_is_set_through_the_tool_by_its_number()
    {
        InstallTool("""[ "$1" = -m ] && printf 'pmode:%04d fmode:quiet' "$2" > "$(dirname "$0")/../../var/lib/nvpmodel/status" """);
        var modes = PowerModes.Find(_tree.Root)!;

        Assert.Null(modes.TrySet("15w"));
        Assert.Equal("15W", modes.Current);
    }

    [Fact]
    public void A_change_that_needs_a_restart_is_declined_and_said()
    {
        InstallTool("""read answer; [ "$answer" = YES ] && printf 'pmode:%04d' "$2" > "$(dirname "$0")/../../var/lib/nvpmodel/status"; exit 0""");
        var modes = PowerModes.Find(_tree.Root)!;

        Assert.Contains("restart", modes.TrySet("MAXN_SUPER")!);
        Assert.Equal("25W", modes.Current);
    }

    [Fact]
    public void An_unknown_mode_is_refused_with_the_names_that_there_are() =>
        Assert.Contains("15W, 25W, MAXN_SUPER", PowerModes.Find(_tree.Root)!.TrySet("50W")!);

    [Fact]
    public void Without_the_tool_modes_are_shown_but_not_set() =>
        Assert.Contains("not there", PowerModes.Find(_tree.Root)!.TrySet("15W")!);

    public void Dispose() => _tree.Dispose();

    /// <summary>A program that this process has open for writing can't be run, nor one that a child of it still has open, begun by another test in that moment:
    /// so another process writes it.</summary>
    private void InstallTool(string script)
    {
        var source = _tree.Put("/usr/sbin/nvpmodel.sh", "#!/bin/sh\n" + script);
        File.SetUnixFileMode(source, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var copy = Process.Start("cp", ["-p", source, Path.ChangeExtension(source, null)]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
