using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>Applies the three penalties: counts the tokens of a sliding window, incrementally.</summary>
internal sealed class TokenHistory
{
    private readonly float _repetition;
    private readonly float _frequency;
    private readonly float _presence;
    private readonly int[] _window;
    private readonly Dictionary<int, Counts> _counts;
    private readonly int _promptTokens;
    private int _seen;

    /// <param name="options">Which penalties, over which window.</param>
    /// <param name="prompt">The window may reach back into it; only the repetition penalty looks there.</param>
    /// <param name="maxNewTokens">What will follow at most: no window needs room for more than that and the prompt.</param>
    internal TokenHistory(SamplingOptions options, ReadOnlySpan<int> prompt, int maxNewTokens)
    {
        _repetition = (float)options.RepetitionPenalty;
        _frequency = (float)options.FrequencyPenalty;
        _presence = (float)options.PresencePenalty;
        var changes = _repetition != 1 || _frequency != 0 || _presence != 0;
        var all = prompt.Length + maxNewTokens;
        var size = !changes ? 0 : options.RepetitionWindow < 0 ? all : Math.Min(options.RepetitionWindow, all);
        _window = new int[size];
        _counts = new Dictionary<int, Counts>(size);
        _promptTokens = Math.Min(size, prompt.Length);
        foreach (var token in prompt[^_promptTokens..])
        {
            Add(token);
        }
    }

    /// <summary>False if no token is ever penalised.</summary>
    internal bool IsCounted => _window.Length > 0;

    /// <summary>Tokens that are penalised now.</summary>
    internal Dictionary<int, Counts>.KeyCollection Penalised => _counts.Keys;

    internal void Add(int token)
    {
        if (_window.Length == 0)
        {
            return;
        }

        var place = _seen % _window.Length;
        if (_seen >= _window.Length)
        {
            Remove(_window[place], wasPrompt: _seen - _window.Length < _promptTokens);
        }

        _window[place] = token;
        ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, token, out _);
        counts.All++;
        counts.Completion += _seen < _promptTokens ? 0 : 1;
        _seen++;
    }

    internal void Penalise(Span<float> logits)
    {
        foreach (var (token, counts) in _counts)
        {
            ref var logit = ref logits[token];
            logit = logit > 0 ? logit / _repetition : logit * _repetition;
            if (counts.Completion > 0)
            {
                logit -= (_frequency * counts.Completion) + _presence;
            }
        }
    }

    private void Remove(int token, bool wasPrompt)
    {
        ref var counts = ref CollectionsMarshal.GetValueRefOrNullRef(_counts, token);
        counts.Completion -= wasPrompt ? 0 : 1;
        if (--counts.All == 0)
        {
            _counts.Remove(token);
        }
    }

    internal struct Counts
    {
        internal int All;
        internal int Completion;
    }
}
