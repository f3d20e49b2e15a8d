using System.Text;

namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>What EIP-712 needs to know of a type, computed once from its list of fields.</summary>
public static class TypeDescription<T>
    where T : ITypedStruct<T>, new()
{
    static TypeDescription()
    {
        var names = new FieldNames { Text = new StringBuilder(T.TypeName).Append('(') };
        T.Map(new T(), ref names);
        TypeString = names.Text.Append(')').ToString();
        TypeHash = Keccak256.Hash(Encoding.UTF8.GetBytes(TypeString));
        FieldCount = names.Count;
    }

    /// <summary>For example <c>Schedule(uint16 providers,uint16 validators,uint16 burn,uint16 treasury)</c>.</summary>
    public static string TypeString { get; }

    /// <summary>Keccak-256 of the type string.</summary>
    public static Bytes32 TypeHash { get; }

    public static int FieldCount { get; }

    private struct FieldNames : IFieldMapper
    {
        public required StringBuilder Text;
        public int Count;

        public Bytes32 Field(string name, in Bytes32 value) => Add("bytes32", name, value);

        public Address Field(string name, in Address value) => Add("address", name, value);

        public ulong Field(string name, ulong value) => Add("uint64", name, value);

        public uint Field(string name, uint value) => Add("uint32", name, value);

        public ushort Field(string name, ushort value) => Add("uint16", name, value);

        public byte Field(string name, byte value) => Add("uint8", name, value);

        public UInt128 Field(string name, UInt128 value) => Add("uint128", name, value);

        public string Field(string name, string value) => Add("string", name, value);

        private TValue Add<TValue>(string type, string name, TValue value)
        {
            Text.Append(Count++ == 0 ? "" : ",").Append(type).Append(' ').Append(name);
            return value;
        }
    }
}
