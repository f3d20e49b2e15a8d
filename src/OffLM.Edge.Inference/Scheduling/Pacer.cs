namespace OffLM.Edge.Inference;

/// <summary>Keeps the decode thread to a duty cycle: after work of a given length it rests so long that work's share is the pace.</summary>
internal sealed class Pacer(Func<double>? pace, TimeProvider clock)
{
    /// <summary>How soon a changed pace is noticed while resting.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromMilliseconds(50);

    private long _restSince;
    private TimeSpan _worked;

    /// <summary>Notes how long the last piece of work took.</summary>
    internal void Worked(TimeSpan duration)
    {
        _worked = duration;
        _restSince = clock.GetTimestamp();
    }

    /// <summary>How long to wait before asking again; zero if work may go on.</summary>
    internal TimeSpan Rest()
    {
        if (pace is null)
        {
            return TimeSpan.Zero;
        }

        var share = pace();
        if (!(share > 0))
        {
            return Recheck;
        }

        var rest = (_worked * ((1 / Math.Min(share, 1)) - 1)) - clock.GetElapsedTime(_restSince);
        return rest <= TimeSpan.Zero ? TimeSpan.Zero : rest < Recheck ? rest : Recheck;
    }
}
