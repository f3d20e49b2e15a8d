namespace OffLM.ModelForge.Onnx;

/// <summary>TensorProto.DataType of onnx.proto: only the types that decoders here use.</summary>
internal enum ElementType
{
    /// <summary>32-bit IEEE float.</summary>
    Float = 1,

    /// <summary>Bytes, each holding two 4-bit weights.</summary>
    UInt8 = 2,

    /// <summary>Lengths handed to attention.</summary>
    Int32 = 6,

    /// <summary>Token ids, masks and shapes.</summary>
    Int64 = 7,
}
