namespace OffLM.ModelForge.Onnx;

/// <summary>TensorProto.DataType of onnx.proto: only the types that decoders here use.</summary>
internal enum ElementType
{
    /// <summary>32-bit IEEE float.</summary>
    Float = 1,

    /// <summary>Bytes, each holding two 4-bit weights.</summary>
    UInt8 = 2,

    /// <summary>Signed bytes: an embedding's weights.</summary>
    Int8 = 3,

    /// <summary>Lengths handed to attention.</summary>
    Int32 = 6,

    /// <summary>Token ids, masks and shapes.</summary>
    Int64 = 7,

    /// <summary>What a mask allows.</summary>
    Bool = 9,

    /// <summary>16-bit IEEE float.</summary>
    Float16 = 10,

    /// <summary>Signed 4-bit weights, two a byte, the first in the low half.</summary>
    Int4 = 22,
}
