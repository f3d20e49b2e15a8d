using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Some neighbouring rows of the cache as a graph takes them whose cache grows: one past of equal width for all, and room for what it gives
/// back. It stays between runs, so that only new tokens are copied.</summary>
internal sealed unsafe class GrowingWindow : IDisposable
{
    private readonly OrtSession _session;
    private readonly DirectNames _names;
    private readonly KeyValueCache _cache;
    private readonly int _heads;
    private readonly int _headSize;
    private readonly int _vocabularySize;
    private readonly bool _lastTokenOnly;
    private readonly DirectInputs _inputs;
    private readonly AnonymousMemory _past;
    private readonly AnonymousMemory _present;
    private readonly AnonymousMemory _logits;

    /// <summary>Elements from one tensor's begin to the next's.</summary>
    private readonly long _pastElements;
    private readonly long _presentElements;

    /// <summary>How many of each row's tokens are in the past.</summary>
    private readonly int[] _loaded;

    /// <summary>What the cache said of each row then.</summary>
    private readonly long[] _stamps;

    private OrtIoBinding? _binding;
    private int _firstRow;
    private int _rows;
    private int _sequence;
    private int _width;

    /// <param name="session">The graph.</param>
    /// <param name="settings">Its names and dimensions.</param>
    /// <param name="cache">Where rows are kept.</param>
    /// <param name="rows">Rows at most.</param>
    /// <param name="sequence">New tokens of a row at most.</param>
    /// <param name="vocabularySize">Scores of a token.</param>
    internal GrowingWindow(OrtSession session, DecoderSettings settings, KeyValueCache cache, int rows, int sequence, int vocabularySize)
    {
        (_session, _cache, _vocabularySize) = (session, cache, vocabularySize);
        (_heads, _headSize) = (settings.KeyValueHeads, settings.HeadSize);
        _names = new DirectNames(settings, session);
        _lastTokenOnly = DirectGraph.GivesLastTokenOnly(session, settings);
        (_loaded, _stamps) = (new int[rows], new long[rows]);
        _inputs = new DirectInputs(rows, cache.Length + sequence);
        var token = (long)rows * _heads * _headSize;
        (_pastElements, _presentElements) = (token * cache.Length, token * (cache.Length + sequence));
        _past = new AnonymousMemory(2L * cache.Layers * _pastElements * sizeof(float));
        _present = new AnonymousMemory(2L * cache.Layers * _presentElements * sizeof(float));
        _logits = new AnonymousMemory((long)rows * (_lastTokenOnly ? 1 : sequence) * vocabularySize * sizeof(float));
    }

    /// <summary>Computes what follows in some rows, and adds it to them.</summary>
    /// <param name="firstRow">The first of them.</param>
    /// <param name="lengths">Tokens that each has.</param>
    /// <param name="tokens">What follows, equally many in each, one row after the other.</param>
    /// <param name="width">Tokens of the past, at least the greatest length.</param>
    /// <param name="options">To stop it with.</param>
    /// <returns>The scores after each row's last token, one row after the other; valid until the next run.</returns>
    internal ScoreRows Run(int firstRow, ReadOnlySpan<int> lengths, ReadOnlySpan<int> tokens, int width, OrtRunOptions options)
    {
        var sequence = tokens.Length / lengths.Length;
        Open(firstRow, lengths.Length, sequence, width);
        for (var i = 0; i < lengths.Length; i++)
        {
            Load(i, lengths[i]);
            _inputs.Gapped(i, tokens.Slice(i * sequence, sequence), lengths[i], width);
        }

        if (!_session.IsOnCpu || _binding is null)
        {
            Bind();
        }

        _session.Run(_binding!, options);
        for (var i = 0; i < lengths.Length; i++)
        {
            Store(i, lengths[i]);
        }

        // Several tokens are one row's.
        return new ScoreRows((float*)_logits.Address, _vocabularySize).From(_lastTokenOnly ? 0 : sequence - 1);
    }

    /// <summary>A row's tokens from some place on are about to be others.</summary>
    internal void Forget(int row, int length)
    {
        var index = row - _firstRow;
        if (index >= 0 && index < _rows)
        {
            _loaded[index] = Math.Min(_loaded[index], length);
        }
    }

    public void Dispose()
    {
        _binding?.Dispose();
        _inputs.Dispose();
        _past.Dispose();
        _present.Dispose();
        _logits.Dispose();
    }

    private void Open(int firstRow, int rows, int sequence, int width)
    {
        var isSamePast = firstRow == _firstRow && rows == _rows && width == _width;
        if (isSamePast && sequence == _sequence)
        {
            return;
        }

        if (!isSamePast)
        {
            Array.Clear(_loaded);
        }

        (_firstRow, _rows, _sequence, _width) = (firstRow, rows, sequence, width);
        _binding?.Dispose();
        _binding = null;
    }

    /// <summary>Binds everything. What an accelerator reads is copied to it at this moment, so it binds anew for each run.</summary>
    private void Bind()
    {
        var (rows, sequence, width) = (_rows, _sequence, _width);
        _binding?.Dispose();
        var binding = _binding = _session.CreateBinding();
        using var ids = OrtTensor.Over(_inputs.Ids, rows, sequence);
        using var mask = OrtTensor.Over(_inputs.Mask, rows, width + sequence);
        using var logits = OrtTensor.Over((float*)_logits.Address, rows, _lastTokenOnly ? 1 : sequence, _vocabularySize);
        binding.Input(_names.InputIds, ids);
        binding.Input(_names.AttentionMask, mask);
        binding.Output(_names.Logits, logits);
        if (_names.PositionIds is { } name)
        {
            using var positions = OrtTensor.Over(_inputs.Positions, rows, sequence);
            binding.Input(name, positions);
        }

        for (var tensor = 0; tensor < 2 * _cache.Layers; tensor++)
        {
            var (layer, isValue) = Math.DivRem(tensor, 2);
            using var past = OrtTensor.Over(Past(tensor), rows, _heads, width, _headSize);
            using var present = OrtTensor.Over(Present(tensor), rows, _heads, width + sequence, _headSize);
            binding.Input((isValue == 0 ? _names.PastKeys : _names.PastValues)[layer], past);
            binding.Output((isValue == 0 ? _names.PresentKeys : _names.PresentValues)[layer], present);
        }
    }

    /// <summary>Brings what is missing of a row's tokens into the past.</summary>
    private void Load(int index, int length)
    {
        var stamp = _cache.Stamp(_firstRow + index);
        var from = _stamps[index] == stamp ? Math.Min(_loaded[index], length) : 0;
        for (var tensor = 0; from < length && tensor < 2 * _cache.Layers; tensor++)
        {
            for (var head = 0; head < _heads; head++)
            {
                Copy(Cached(tensor, index, head, from), Place(Past(tensor), index, head, _width, from), length - from);
            }
        }

        (_loaded[index], _stamps[index]) = (length, stamp);
    }

    /// <summary>Brings the new tokens into the row, and into the past's gap as far as there is one.</summary>
    private void Store(int index, int length)
    {
        var (sequence, width) = (_sequence, _width);
        var fitting = Math.Min(sequence, width - length);
        for (var tensor = 0; tensor < 2 * _cache.Layers; tensor++)
        {
            for (var head = 0; head < _heads; head++)
            {
                var news = Place(Present(tensor), index, head, width + sequence, width);
                Copy(news, Cached(tensor, index, head, length), sequence);
                Copy(news, Place(Past(tensor), index, head, width, length), fitting);
            }
        }

        _loaded[index] = length + fitting;
    }

    private float* Past(int tensor) => (float*)_past.Address + (tensor * _pastElements);

    private float* Present(int tensor) => (float*)_present.Address + (tensor * _presentElements);

    private float* Cached(int tensor, int index, int head, int token) =>
        Place((float*)_cache.Tensor(tensor, _firstRow + index), 0, head, _cache.Length, token);

    private float* Place(float* tensor, int row, int head, int tokens, int token) =>
        tensor + ((((((long)row * _heads) + head) * tokens) + token) * _headSize);

    private void Copy(float* from, float* to, int tokens)
    {
        var bytes = (long)tokens * _headSize * sizeof(float);
        Buffer.MemoryCopy(from, to, bytes, bytes);
    }
}
