using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>Guesses what follows from what has followed before: answers quote their prompts and repeat themselves.</summary>
internal static class PromptLookup
{
    /// <summary>So many tokens must have stood together before. Two stand together by chance all the time.</summary>
    private const int Context = 3;

    /// <summary>Writes what followed the last tokens when they stood together last.</summary>
    /// <param name="tokens">All but the newest.</param>
    /// <param name="newest">The newest.</param>
    /// <param name="guesses">Takes the guesses.</param>
    /// <returns>How many there are.</returns>
    internal static int Guess(List<int> tokens, int newest, Span<int> guesses)
    {
        if (tokens.Count < Context)
        {
            return 0;
        }

        var earlier = CollectionsMarshal.AsSpan(tokens);
        ReadOnlySpan<int> last = [earlier[^2], earlier[^1], newest];
        var found = earlier[..^1].LastIndexOf(last);
        if (found < 0)
        {
            return 0;
        }

        var follows = earlier[(found + Context)..];
        follows = follows[..Math.Min(follows.Length, guesses.Length)];
        follows.CopyTo(guesses);
        return follows.Length;
    }
}
