using System.Text.Json;
using System.Text.Json.Serialization;

namespace OffLM.CardSimulator.Card;

/// <summary>What a card remembers without power. As new: factory PINs, no key.</summary>
public sealed class CardState
{
    public const int AllTries = 3;

    public ushort Manufacturer { get; set; } = 0xFFFE;

    public uint Serial { get; set; } = 0x00C0FFEE;

    public string UserPin { get; set; } = "123456";

    public string AdminPin { get; set; } = "12345678";

    /// <summary>The resetting code; empty if none is set.</summary>
    public string ResettingCode { get; set; } = "";

    public int UserTries { get; set; } = AllTries;

    public int ResetTries { get; set; }

    public int AdminTries { get; set; } = AllTries;

    /// <summary>C4: whether the user PIN holds for many signatures.</summary>
    public bool PinForMany { get; set; }

    /// <summary>C1: a fresh card wants RSA 2048.</summary>
    public byte[] SignatureAlgorithm { get; set; } = [0x01, 0x08, 0x00, 0x00, 0x20, 0x00];

    /// <summary>D6: whether somebody must touch the card.</summary>
    public byte Touch { get; set; }

    /// <summary>The signature key; null before one was made.</summary>
    public byte[]? Secret { get; set; }

    /// <summary>93: signatures made with it.</summary>
    public uint Counter { get; set; }

    public byte[] Fingerprint { get; set; } = new byte[20];

    public byte[] MadeAt { get; set; } = new byte[4];

    /// <summary>F9: the setting of hashed PINs; empty where there is none.</summary>
    public byte[] KeyDerivation { get; set; } = [];

    /// <summary>Reads a card from a file; a new one if there is no file.</summary>
    public static CardState Load(string path) =>
        File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), CardStateJson.Default.CardState)! : new();

    /// <summary>Writes the card, so that another program, or this one after a crash, finds it as it was.</summary>
    public void Save(string path)
    {
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(this, CardStateJson.Default.CardState));
        File.Move(path + ".new", path, overwrite: true);
    }
}

[JsonSerializable(typeof(CardState))]
internal sealed partial class CardStateJson : JsonSerializerContext;
