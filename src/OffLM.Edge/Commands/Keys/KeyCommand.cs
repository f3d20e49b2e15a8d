using System.CommandLine;

namespace OffLM.Edge.Commands.Keys;

/// <summary><c>key show|enroll|test|pin</c>.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "The node's signing key.")
    {
        ShowCommand.Create(),
        EnrollCommand.Create(),
        TestCommand.Create(),
        PinCommand.Create(),
    };
}
