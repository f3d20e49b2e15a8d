using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>The memory that the graph's small inputs are read from: token ids, positions and the mask, one row after the other.</summary>
internal sealed unsafe class DirectInputs : IDisposable
{
    private readonly AnonymousMemory _ids;
    private readonly AnonymousMemory _positions;
    private readonly AnonymousMemory _mask;
    private readonly AnonymousMemory _wanted;

    /// <param name="rows">Sequences of a step at most.</param>
    /// <param name="length">Tokens of a sequence at most.</param>
    internal DirectInputs(int rows, int length)
    {
        var tokens = (long)Math.Max(rows, length) * sizeof(long);
        _ids = new AnonymousMemory(tokens);
        _positions = new AnonymousMemory(tokens);
        _mask = new AnonymousMemory((long)rows * length * sizeof(long));
        _wanted = new AnonymousMemory(tokens);
    }

    internal long* Ids => (long*)_ids.Address;

    internal long* Positions => (long*)_positions.Address;

    internal long* Mask => (long*)_mask.Address;

    /// <summary>See <see cref="DecoderHead"/>.</summary>
    internal long* Wanted => (long*)_wanted.Address;

    /// <summary>One row's piece of a prompt.</summary>
    internal void Prompt(ReadOnlySpan<int> tokens, int length)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            Ids[i] = tokens[i];
            Positions[i] = length + i;
        }

        MaskRow(0, length + tokens.Length, length + tokens.Length);
    }

    /// <summary>Says which tokens' scores are wanted: so many up to the last.</summary>
    internal void Want(int count, int tokens)
    {
        for (var i = 0; i < count; i++)
        {
            Wanted[i] = tokens - count + i;
        }
    }

    /// <summary>One row's next token.</summary>
    /// <param name="row">Its place in the step.</param>
    /// <param name="token">What follows.</param>
    /// <param name="length">Tokens before it.</param>
    /// <param name="total">The mask's width.</param>
    internal void Next(int row, int token, int length, int total)
    {
        Ids[row] = token;
        Positions[row] = length;
        MaskRow(row, length + 1, total);
    }

    /// <summary>What follows in one row whose past is wider than its tokens.</summary>
    /// <param name="row">Its place in the run; all rows have equally many new tokens.</param>
    /// <param name="tokens">What follows.</param>
    /// <param name="length">Tokens before it.</param>
    /// <param name="width">The past's width; the mask's is that and the new tokens.</param>
    internal void Gapped(int row, ReadOnlySpan<int> tokens, int length, int width)
    {
        var first = row * tokens.Length;
        for (var i = 0; i < tokens.Length; i++)
        {
            Ids[first + i] = tokens[i];
            Positions[first + i] = length + i;
        }

        MaskRow(row, length, width + tokens.Length);
        new Span<long>(Mask + ((long)row * (width + tokens.Length)) + width, tokens.Length).Fill(1);
    }

    public void Dispose()
    {
        _ids.Dispose();
        _positions.Dispose();
        _mask.Dispose();
        _wanted.Dispose();
    }

    private void MaskRow(int row, int length, int total)
    {
        var mask = new Span<long>(Mask + ((long)row * total), total);
        mask[..length].Fill(1);
        mask[length..].Clear();
    }
}
