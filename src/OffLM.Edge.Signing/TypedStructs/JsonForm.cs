namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>How strictly the JSON of a structure is read.</summary>
public enum JsonForm
{
    /// <summary>As people and other tools write it: integers also as numbers, hexadecimal in either case.</summary>
    Any,

    /// <summary>Only as <see cref="TypedStruct.WriteJson"/> writes each value, so that a document has one spelling.</summary>
    Written,
}
