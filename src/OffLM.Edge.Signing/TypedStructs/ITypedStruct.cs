namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>
/// A structure of EIP-712. Its fields are listed once, in <see cref="Map"/>; the type string, the struct hash, the JSON and
/// the stored form all follow from that list.
/// </summary>
/// <typeparam name="TSelf">The implementing record.</typeparam>
public interface ITypedStruct<TSelf>
    where TSelf : ITypedStruct<TSelf>, new()
{
    /// <summary>The type's name in the type string.</summary>
    static abstract string TypeName { get; }

    /// <summary>Hands every field, in the type's order, to the mapper and returns a record of what it gave back.</summary>
    static abstract TSelf Map<TMapper>(TSelf source, ref TMapper mapper)
        where TMapper : IFieldMapper, allows ref struct;
}

/// <summary>Sees each field's name and value; gives the same value back when it writes, another when it reads.</summary>
public interface IFieldMapper
{
    Bytes32 Field(string name, in Bytes32 value);

    Address Field(string name, in Address value);

    ulong Field(string name, ulong value);

    uint Field(string name, uint value);

    ushort Field(string name, ushort value);

    byte Field(string name, byte value);

    UInt128 Field(string name, UInt128 value);

    string Field(string name, string value);
}
