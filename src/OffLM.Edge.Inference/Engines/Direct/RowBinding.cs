using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>The graph's inputs and outputs for some neighbouring rows of the cache. Tensors are made anew only when their shape or place changes:
/// decoding rebinds the mask once in many steps, and nothing else. What is copied to a device when it is bound is bound for each run.</summary>
internal sealed unsafe class RowBinding : IDisposable
{
    private readonly OrtIoBinding _binding;
    private readonly DirectNames _names;
    private readonly int _rows;
    private readonly bool _copies;
    private int _sequence;
    private int _total;
    private (nint Logits, nint Maxima, int Tokens) _scores;
    private int _wanted = -1;

    internal RowBinding(OrtSession session, DirectNames names, KeyValueCache cache, int headSize, int heads, int firstRow, int rows, LoraAdapter? adapter)
    {
        (_names, _rows) = (names, rows);
        _copies = !session.IsOnCpu || cache.IsOnDevice;
        _binding = session.CreateBinding();
        for (var layer = 0; layer < cache.Layers; layer++)
        {
            using var keys = OrtTensor.Over(cache.Memory, cache.Keys(layer, firstRow), cache.Type, rows, heads, cache.Length, headSize);
            using var values = OrtTensor.Over(cache.Memory, cache.Values(layer, firstRow), cache.Type, rows, heads, cache.Length, headSize);
            _binding.Input(names.PastKeys[layer], keys);
            _binding.Output(names.PresentKeys[layer], keys);
            _binding.Input(names.PastValues[layer], values);
            _binding.Output(names.PresentValues[layer], values);
        }

        adapter?.Bind(_binding);
    }

    internal OrtIoBinding Binding => _binding;

    internal int Rows => _rows;

    /// <summary>Says what each row's tokens are.</summary>
    /// <param name="inputs">Where they are: ids, mask and positions one row after the other.</param>
    /// <param name="sequence">New tokens a row.</param>
    /// <param name="total">The mask's width.</param>
    internal void Inputs(DirectInputs inputs, int sequence, int total)
    {
        if (_copies || sequence != _sequence)
        {
            using var ids = OrtTensor.Over(inputs.Ids, _rows, sequence);
            _binding.Input(_names.InputIds, ids);
            if (_names.PositionIds is { } positionIds)
            {
                using var positions = OrtTensor.Over(inputs.Positions, _rows, sequence);
                _binding.Input(positionIds, positions);
            }

            _sequence = sequence;
        }

        if (_copies || total != _total)
        {
            using var mask = OrtTensor.Over(inputs.Mask, _rows, total);
            _binding.Input(_names.AttentionMask, mask);
            _total = total;
        }
    }

    /// <summary>Says which tokens' scores are wanted, to a graph that asks.</summary>
    /// <param name="inputs">Where that is.</param>
    /// <param name="count">How many.</param>
    internal void Wanted(DirectInputs inputs, int count)
    {
        if (_names.Wanted is { } name && (_copies || count != _wanted))
        {
            using var wanted = OrtTensor.Over(inputs.Wanted, count);
            _binding.Input(name, wanted);
            _wanted = count;
        }
    }

    /// <summary>Says where the scores go.</summary>
    internal void Scores(ScoreRows scores, int tokens)
    {
        fixed (float* place = scores.Logits, maxima = scores.Maxima)
        {
            if (_scores == ((nint)place, (nint)maxima, tokens))
            {
                return;
            }

            using var logits = OrtTensor.Over(place, _rows, tokens, scores.Logits.Length);
            _binding.Output(_names.Logits, logits);
            if (_names.Maxima is { } name)
            {
                using var largest = OrtTensor.Over(maxima, _rows, tokens, scores.Maxima.Length);
                _binding.Output(name, largest);
            }

            _scores = ((nint)place, (nint)maxima, tokens);
        }
    }

    /// <summary>Says where the scores of a graph of 16-bit floats go.</summary>
    internal void Scores(Half* place, int vocabularySize, int tokens)
    {
        if (_scores != ((nint)place, 0, tokens))
        {
            using var logits = OrtTensor.Over(place, OrtElementType.Float16, _rows, tokens, vocabularySize);
            _binding.Output(_names.Logits, logits);
            _scores = ((nint)place, 0, tokens);
        }
    }

    public void Dispose() => _binding.Dispose();
}
