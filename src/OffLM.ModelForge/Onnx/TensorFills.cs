using System.Buffers.Binary;

namespace OffLM.ModelForge.Onnx;

/// <summary>The simple kinds of tensor contents.</summary>
internal static class TensorFills
{
    /// <summary>Floats from a function that is asked for one after another.</summary>
    public static TensorFill Floats(Func<float> next) => piece =>
    {
        for (; piece.Length > 0; piece = piece[sizeof(float)..])
        {
            BinaryPrimitives.WriteSingleLittleEndian(piece, next());
        }
    };

    /// <summary>Floats that are there already.</summary>
    public static TensorFill Floats(float[] values)
    {
        var next = 0;
        return Floats(() => values[next++]);
    }

    /// <summary>The same floats in half the bytes.</summary>
    public static TensorFill Halves(TensorFill floats) => piece =>
    {
        var whole = new byte[2 * piece.Length];
        floats(whole);
        for (var i = 0; i < piece.Length; i += sizeof(short))
        {
            BinaryPrimitives.WriteHalfLittleEndian(piece[i..], (Half)BinaryPrimitives.ReadSingleLittleEndian(whole.AsSpan(2 * i)));
        }
    };

    /// <summary>Bytes that are there already.</summary>
    public static TensorFill Bytes(byte[] values)
    {
        var next = 0;
        return piece =>
        {
            values.AsSpan(next, piece.Length).CopyTo(piece);
            next += piece.Length;
        };
    }

    /// <summary>Integers that are there already; they must fit one piece.</summary>
    public static TensorFill Integers(long[] values) => piece =>
    {
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt64LittleEndian(piece, value);
            piece = piece[sizeof(long)..];
        }
    };
}
