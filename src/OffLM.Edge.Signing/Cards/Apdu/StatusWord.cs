namespace OffLM.Edge.Signing.Cards.Apdu;

/// <summary>Status words that matter here: ISO 7816-4 section 5.1.3, OpenPGP Smart Card Application 3.4.1 section 7.1.</summary>
internal static class StatusWord
{
    public const ushort Ok = 0x9000;
    public const ushort Terminated = 0x6285;
    public const ushort WrongLength = 0x6700;
    public const ushort NoChaining = 0x6884;
    public const ushort SecurityNotSatisfied = 0x6982;
    public const ushort Blocked = 0x6983;
    public const ushort ConditionsNotSatisfied = 0x6985;
    public const ushort WrongData = 0x6A80;
    public const ushort NotFound = 0x6A82;
    public const ushort ReferencedDataNotFound = 0x6A88;
    public const ushort UnknownInstruction = 0x6D00;

    /// <summary>61xx: xx more bytes wait for GET RESPONSE; 0 means 256 or more.</summary>
    public static bool SaysMore(ushort status) => status >> 8 == 0x61;

    /// <summary>6Cxx: ask again for exactly xx bytes.</summary>
    public static bool SaysLength(ushort status) => status >> 8 == 0x6C;

    /// <summary>63Cx: a wrong PIN; x tries are left. Null for any other status.</summary>
    public static int? TriesLeft(ushort status) => (status & 0xFFF0) == 0x63C0 ? status & 0xF : null;

    /// <summary>The status in words, with its number.</summary>
    public static string Describe(ushort status) => status switch
    {
        Terminated => "the application is terminated (6285): reset the card to factory settings with its own tool",
        WrongLength => "wrong length (6700)",
        NoChaining => "it can't take chained commands (6884)",
        SecurityNotSatisfied => "the PIN was not presented, or is wrong (6982)",
        Blocked => "the PIN is blocked (6983)",
        ConditionsNotSatisfied => "the conditions are not met (6985)",
        WrongData => "it doesn't accept these data (6A80)",
        NotFound => "there is no such application or file (6A82)",
        ReferencedDataNotFound => "it holds no such key or data (6A88)",
        UnknownInstruction => "it doesn't know this command (6D00)",
        _ when TriesLeft(status) is { } tries => $"the PIN is wrong; {tries} tries are left",
        _ => $"status {status:X4}",
    };
}
