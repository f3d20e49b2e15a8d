namespace OffLM.CardSimulator.Card;

/// <summary>Status words that the card answers with: OpenPGP card 3.4.1 section 7.1.</summary>
internal static class Status
{
    public const ushort Ok = 0x9000;
    public const ushort WrongLength = 0x6700;
    public const ushort SecurityNotSatisfied = 0x6982;
    public const ushort Blocked = 0x6983;
    public const ushort ConditionsNotSatisfied = 0x6985;
    public const ushort WrongData = 0x6A80;
    public const ushort NoApplication = 0x6A82;
    public const ushort WrongParameters = 0x6B00;
    public const ushort NoSuchData = 0x6A88;
    public const ushort UnknownInstruction = 0x6D00;
    public const ushort UnknownClass = 0x6E00;
}
