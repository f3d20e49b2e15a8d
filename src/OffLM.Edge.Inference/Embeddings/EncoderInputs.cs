using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>What an encoder's graph reads and writes for some sequences: each padded to the longest one's length, with a mask that says so.</summary>
internal sealed unsafe class EncoderInputs : IDisposable
{
    private const string InputIds = "input_ids";
    private const string AttentionMask = "attention_mask";
    private const string TokenTypes = "token_type_ids";
    private const string Positions = "position_ids";

    /// <summary>Tokens of the run that shows whether the graph computes anything.</summary>
    private const int TriedTokens = 4;

    private readonly OrtSession _session;
    private readonly OrtName[] _names;
    private readonly OrtName _output;
    private readonly int _dimensions;
    private readonly bool _isPooled;
    private AnonymousMemory? _memory;
    private long _bytes;
    private float* _vectors;
    private int _width;

    /// <summary>All that an encoder may take; each has a sequence's tokens in a row.</summary>
    internal static IReadOnlyList<string> Names { get; } = [InputIds, AttentionMask, TokenTypes, Positions];

    /// <exception cref="InferenceException">The graph takes or gives something else.</exception>
    internal EncoderInputs(OrtSession session, EmbeddingSettings settings)
    {
        _session = session;
        (_dimensions, _isPooled) = (settings.Dimensions, settings.Pooling == Pooling.None);
        _names = new OrtName[session.Inputs.Count];
        for (var i = 0; i < _names.Length; i++)
        {
            var input = session.Inputs[i];
            _names[i] = Names.Contains(input.Name) && input.Type == OrtElementType.Int64
                ? new OrtName(input.Name)
                : throw new InferenceException($"its graph takes {input.Name}, which is none of the int64 inputs of an encoder");
        }

        var output = session.Outputs.FirstOrDefault(o => o.Shape.Count == (_isPooled ? 2 : 3))
            ?? throw new InferenceException($"its graph gives no vector for each {(_isPooled ? "sequence" : "token")}");
        _output = output.Type == OrtElementType.Float && output.Shape[^1] == _dimensions
            ? new OrtName(output.Name)
            : throw new InferenceException($"its graph's output {output.Name} is not float32 of {_dimensions} dimensions, as its manifest says");
    }

    /// <summary>Computes some sequences; <see cref="VectorsOf"/> then gives each one's vectors.</summary>
    /// <param name="sequences">Their tokens.</param>
    /// <param name="options">To stop it with.</param>
    internal void Run(IReadOnlyList<int[]> sequences, OrtRunOptions options)
    {
        var (rows, width) = (sequences.Count, 0);
        foreach (var sequence in sequences)
        {
            width = Math.Max(width, sequence.Length);
        }

        var cells = (long)rows * width;
        var inputBytes = cells * sizeof(long);
        var outputBytes = (_isPooled ? rows : cells) * _dimensions * sizeof(float);
        var memory = Room((inputBytes * _names.Length) + outputBytes);
        using var binding = _session.CreateBinding();
        for (var i = 0; i < _names.Length; i++)
        {
            var place = (long*)(memory + (inputBytes * i));
            Fill(new Span<long>(place, (int)cells), sequences, width, _names[i].Text);
            using var tensor = OrtTensor.Over(place, rows, width);
            binding.Input(_names[i], tensor);
        }

        _vectors = (float*)(memory + (inputBytes * _names.Length));
        _width = width;
        using var output = _isPooled ? OrtTensor.Over(_vectors, rows, _dimensions) : OrtTensor.Over(_vectors, rows, width, _dimensions);
        binding.Output(_output, output);
        _session.Run(binding, options);
    }

    /// <summary>The vectors of a sequence of the last run, one a token, or one in all.</summary>
    /// <param name="row">Its place in the run.</param>
    /// <param name="tokens">Its length.</param>
    internal ReadOnlySpan<float> VectorsOf(int row, int tokens) => _isPooled
        ? new(_vectors + ((long)row * _dimensions), _dimensions)
        : new(_vectors + ((long)row * _width * _dimensions), tokens * _dimensions);

    /// <summary>Computes something small, to see that the graph does what is expected of it where it runs.</summary>
    /// <param name="limit">Tokens that it takes at most, and knows.</param>
    /// <exception cref="InferenceException">It doesn't; says how.</exception>
    internal void Try(int limit)
    {
        using var options = new OrtRunOptions();
        int[] sequence = [.. Enumerable.Range(0, Math.Min(TriedTokens, limit))];
        Run([sequence], options);
        var squares = 0.0;
        foreach (var number in VectorsOf(0, sequence.Length))
        {
            squares += (double)number * number;
        }

        if (!(squares > 0 && double.IsFinite(squares)))
        {
            throw new InferenceException("its vectors are no numbers, or nothing but zeros");
        }
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _session.Dispose();
    }

    private static void Fill(Span<long> cells, IReadOnlyList<int[]> sequences, int width, string name)
    {
        cells.Clear();
        for (var row = 0; row < sequences.Count && name != TokenTypes; row++)
        {
            var sequence = sequences[row];
            for (var i = 0; i < sequence.Length; i++)
            {
                cells[(row * width) + i] = name == InputIds ? sequence[i] : name == Positions ? i : 1;
            }
        }
    }

    private byte* Room(long bytes)
    {
        if (_memory is null || bytes > _bytes)
        {
            _memory?.Dispose();
            _memory = new AnonymousMemory(bytes);
            _bytes = bytes;
        }

        return _memory.Address;
    }
}
