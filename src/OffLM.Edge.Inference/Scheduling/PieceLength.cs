namespace OffLM.Edge.Inference;

/// <summary>
/// How many prompt tokens may be computed at a time while others wait for their next token: so many that the wait is at most a few steps, as measured.
/// Belongs to the decode thread.
/// </summary>
/// <param name="longest">Tokens of a piece when nobody waits.</param>
internal sealed class PieceLength(int longest)
{
    /// <summary>How long a piece may take, in steps of the others: with their own step between two tokens of theirs come 2.5 steps after each other.
    /// More makes them stutter; less makes the new prompt slow, as each piece reads all weights.</summary>
    private const double Steps = 1.5;

    /// <summary>So many tokens cost hardly more than one, where reading the weights is what takes the time.</summary>
    private const int Shortest = 4;

    /// <summary>The newest value's weight in the averages.</summary>
    private const double Weight = 0.2;

    private double _stepSeconds;
    private double _length = Math.Min(16, longest);

    /// <summary>Tokens of the next piece.</summary>
    internal int WhileOthersWait => (int)_length;

    /// <summary>Notes how long a step of the others took.</summary>
    internal void Stepped(TimeSpan duration) =>
        _stepSeconds = _stepSeconds == 0 ? duration.TotalSeconds : _stepSeconds + (Weight * (duration.TotalSeconds - _stepSeconds));

    /// <summary>Notes how long a piece took. It is told of all pieces, and learns from those of about the length in question.</summary>
    internal void Prefilled(int tokens, TimeSpan duration)
    {
        if (_stepSeconds == 0 || duration <= TimeSpan.Zero || tokens < _length / 2 || tokens > _length * 2)
        {
            return;
        }

        var fitting = tokens * Steps * _stepSeconds / duration.TotalSeconds;
        _length = Math.Clamp(_length + (Weight * (fitting - _length)), Math.Min(Shortest, longest), longest);
    }
}
