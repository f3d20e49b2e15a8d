namespace OffLM.Edge.Inference;

/// <summary>Whether guessing pays for one answer, from what it has brought: a step that checks guesses takes longer than one that doesn't, and how many
/// are right is up to the text.</summary>
internal sealed class DraftGain
{
    private const int FirstGuesses = 4;

    /// <summary>Checks before it is judged.</summary>
    private const int Trial = 3;

    /// <summary>Tokens without guesses after they didn't pay; doubles each time.</summary>
    private const int FirstRest = 32;
    private const int LongestRest = 1024;

    /// <summary>The earlier ones' weight.</summary>
    private const double Memory = 0.8;

    private int _guesses = FirstGuesses;
    private int _checks;
    private int _rest = FirstRest;
    private int _resting;
    private double _tokens;
    private double _seconds;

    /// <summary>How many tokens to guess now at most.</summary>
    internal int Guesses => _resting > 0 ? 0 : _guesses;

    /// <summary>Notes a token that came without guesses.</summary>
    internal void Stepped() => _resting -= _resting > 0 ? 1 : 0;

    /// <summary>Notes what a check has brought.</summary>
    /// <param name="guesses">That were checked.</param>
    /// <param name="right">Of those.</param>
    /// <param name="duration">It took.</param>
    /// <param name="step">What a step without guesses takes.</param>
    internal void Checked(int guesses, int right, TimeSpan duration, TimeSpan step)
    {
        _tokens = (Memory * _tokens) + right + 1;
        _seconds = (Memory * _seconds) + duration.TotalSeconds;
        _guesses = right == guesses ? 2 * FirstGuesses : FirstGuesses;
        if (++_checks >= Trial && _tokens * step.TotalSeconds < _seconds)
        {
            (_resting, _checks, _tokens, _seconds) = (_rest, 0, 0, 0);
            _rest = Math.Min(LongestRest, 2 * _rest);
        }
    }
}
