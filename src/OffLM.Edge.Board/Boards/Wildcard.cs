using System.IO.Enumeration;

namespace OffLM.Edge.Board.Boards;

/// <summary>Names with <c>*</c> and <c>?</c>, without regard to case.</summary>
internal static class Wildcard
{
    public static bool MatchesAny(IReadOnlyList<string> patterns, string name) =>
        patterns.Any(p => FileSystemName.MatchesSimpleExpression(p, name, ignoreCase: true));
}
