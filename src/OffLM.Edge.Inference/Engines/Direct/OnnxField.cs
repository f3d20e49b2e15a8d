namespace OffLM.Edge.Inference;

/// <summary>A field of a message in an ONNX file's bytes, in protobuf's wire format.</summary>
/// <param name="Number">Which field (onnx.proto).</param>
/// <param name="Value">Its number; of a text or message its bytes' number.</param>
/// <param name="Start">Where a text or message begins.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct OnnxField(int Number, ulong Value, int Start, int End)
{
    /// <summary>Passes over a message's fields.</summary>
    /// <exception cref="InvalidDataException">It is no such message.</exception>
    internal static IEnumerable<OnnxField> Of(byte[] bytes, int start, int end)
    {
        while (start < end)
        {
            var tag = Varint(bytes, ref start, end);
            var value = 0UL;
            switch (tag & 7)
            {
                case 0:
                    value = Varint(bytes, ref start, end);
                    break;
                case 1:
                    value = 8;
                    break;
                case 5:
                    value = 4;
                    break;
                case 2:
                    value = Varint(bytes, ref start, end);
                    break;
                default:
                    throw Broken();
            }

            var length = (tag & 7) == 0 ? 0 : value;
            if (length > (ulong)(end - start))
            {
                throw Broken();
            }

            yield return new OnnxField((int)(tag >> 3), value, start, start + (int)length);
            start += (int)length;
        }
    }

    /// <summary>The fields inside this one.</summary>
    internal IEnumerable<OnnxField> Inside(byte[] bytes) => Of(bytes, Start, End);

    /// <summary>Its text.</summary>
    internal string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes, Start, End - Start);

    private static ulong Varint(byte[] bytes, ref int at, int end)
    {
        var value = 0UL;
        for (var shift = 0; shift < 64 && at < end; shift += 7)
        {
            var next = bytes[at++];
            value |= ((ulong)next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Broken();
    }

    private static InvalidDataException Broken() => new("The file is no ONNX model.");
}
