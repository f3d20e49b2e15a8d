namespace OffLM.Edge.Inference;

/// <summary>Turns the text of tokens into pieces that are safe to send: text that could be the beginning of a stop sequence is held
/// back until it is decided, and tokens are counted when their text is handed out.</summary>
internal sealed class TextAssembler(IReadOnlyList<string> stops)
{
    private readonly Queue<Pending> _pending = new();
    private string _held = "";

    /// <summary>The stop sequence that ended the text, or null.</summary>
    internal string? StopSequence { get; private set; }

    /// <summary>Adds a token's text; empty if it only begins or continues a character. Not to be called after a stop.</summary>
    /// <returns>What can be sent now; may be nothing.</returns>
    internal GenerationPiece Append(string text, TokenLogprob? logprob)
    {
        var start = _held.Length;
        _held += text;
        _pending.Enqueue(new Pending(start, text.Length == 0 ? Pending.Incomplete : _held.Length, logprob));
        var (position, stop) = FirstStop();
        if (stop is not null)
        {
            StopSequence = stop;
            return Take(position, complete: true);
        }

        return Take(_held.Length - Undecided(), complete: false);
    }

    /// <summary>The rest, when no more tokens follow.</summary>
    internal GenerationPiece Finish() => StopSequence is null ? Take(_held.Length, complete: false) : default;

    private (int Position, string? Stop) FirstStop()
    {
        var (position, found) = (_held.Length, (string?)null);
        foreach (var stop in stops)
        {
            var at = _held.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at < position || (at == position && stop.Length > found!.Length)))
            {
                (position, found) = (at, stop);
            }
        }

        return (position, found);
    }

    /// <summary>How many characters at the end could be the beginning of a stop sequence.</summary>
    private int Undecided()
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, _held.Length); length > longest; length--)
            {
                if (_held.AsSpan(_held.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                    break;
                }
            }
        }

        return longest;
    }

    /// <summary>Hands out the first characters and the tokens that end in them; when <paramref name="complete"/>, also the token
    /// that only begins in them, for nothing follows.</summary>
    private GenerationPiece Take(int length, bool complete)
    {
        var text = _held[..length];
        var tokens = 0;
        List<TokenLogprob>? logprobs = null;
        while (TryTake(length, complete, out var token))
        {
            tokens++;
            if (token.Logprob is { } logprob)
            {
                (logprobs ??= []).Add(logprob);
            }
        }

        _held = _held[length..];
        var rest = _pending.Count;
        for (; length > 0 && rest > 0; rest--)
        {
            var token = _pending.Dequeue();
            _pending.Enqueue(token with
            {
                Start = token.Start - length,
                End = token.End == Pending.Incomplete ? Pending.Incomplete : token.End - length,
            });
        }

        return new GenerationPiece(text, tokens, logprobs);
    }

    private bool TryTake(int length, bool complete, out Pending token)
    {
        // A token without text of its own goes with the one that completes its character.
        token = default;
        foreach (var pending in _pending)
        {
            if (pending.End == Pending.Incomplete)
            {
                continue;
            }

            return (pending.End <= length || (complete && pending.Start < length)) && _pending.TryDequeue(out token);
        }

        return false;
    }

    private readonly record struct Pending(int Start, int End, TokenLogprob? Logprob)
    {
        internal const int Incomplete = -1;
    }
}
