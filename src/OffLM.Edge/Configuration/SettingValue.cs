using System.Globalization;
using System.Net;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Network;
using OffLM.Edge.Signing;
using OffLM.Mqtt;

namespace OffLM.Edge.Configuration;

/// <summary>A value as it was written, in a file, in the environment or as an option, with conversions that say what they expect.</summary>
/// <param name="Items">Its parts: one, or several for a list.</param>
internal sealed record SettingValue(IReadOnlyList<string> Items)
{
    public SettingValue(string text)
        : this([text])
    {
    }

    public string Text => Items is [var only] ? only : throw new FormatException("expected one value, not a list");

    /// <summary>Splits at commas, as the environment writes lists.</summary>
    public static SettingValue List(string text) => new(text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    public bool Boolean() => Text switch
    {
        "true" => true,
        "false" => false,
        _ => throw new FormatException("expected true or false"),
    };

    public int Integer(int minimum, int maximum) =>
        int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= minimum && value <= maximum
            ? value
            : throw new FormatException($"expected a whole number from {minimum} to {maximum}");

    /// <summary>In ascending order.</summary>
    public int[] Integers(int minimum, int maximum)
    {
        var numbers = new int[Items.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = new SettingValue(Items[i]).Integer(minimum, maximum);
        }

        Array.Sort(numbers);
        return numbers.Length > 0 ? numbers : throw new FormatException("expected at least one number");
    }

    public ulong Unsigned() => ulong.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw new FormatException($"expected a whole number from 0 to {ulong.MaxValue}");

    public UInt128 Atto() => UInt128.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        ? value
        : throw new FormatException("expected a whole amount of atto-OFFLM (10^-18) as decimal digits in quotes");

    public ushort BasisPoints() => (ushort)Integer(0, ushort.MaxValue);

    /// <summary>Seconds, or a number with one of ms, s, m, h, d.</summary>
    public TimeSpan Duration()
    {
        var text = Text;
        var digits = text.TrimEnd("abcdefghijklmnopqrstuvwxyz".ToCharArray());
        var unit = text[digits.Length..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "" or "s" => TimeSpan.FromSeconds(1),
            "m" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            "d" => TimeSpan.FromDays(1),
            _ => TimeSpan.Zero,
        };
        return unit > TimeSpan.Zero && double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count <= 36500
            ? unit * count
            : throw new FormatException("expected a duration: a number with ms, s, m, h or d, for example 90s");
    }

    public TimeSpan Duration(TimeSpan least, TimeSpan most) => Duration() is var value && value >= least && value <= most
        ? value
        : throw new FormatException($"expected a duration from {least.TotalSeconds:0} s to {most.TotalSeconds:0} s");

    public IReadOnlyList<IPEndPoint> EndPoints() => [.. Items.Select(EndPoint)];

    public IReadOnlyList<IPNetwork> Networks() => [.. Items.ToList().ConvertAll(item => IPNetwork.TryParse(item, out var network)
        ? network
        : throw new FormatException($"expected networks such as 192.168.1.0/24, got '{item}'"))];

    public Uri HttpUrl() => Uri.TryCreate(Text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        ? url
        : throw new FormatException("expected an http or https address");

    public Address Address() => Signing.Address.TryParse(Text, out var address)
        ? address
        : throw new FormatException("expected an address: 0x and 40 hexadecimal digits, all in one case or with a correct EIP-55 checksum");

    public IReadOnlyList<Address> Addresses() => [.. Items.ToList().ConvertAll(item => Signing.Address.TryParse(item, out var address)
        ? address
        : throw new FormatException($"expected addresses, 0x and 40 hexadecimal digits each, all in one case or with a correct EIP-55 checksum; got '{item}'"))];

    /// <summary>Credentials have settings of their own, so that this address can be shown and logged.</summary>
    public Uri BrokerUrl()
    {
        if (!Uri.TryCreate(Text, UriKind.Absolute, out var url) || url.Scheme is not ("mqtt" or "mqtts") || url.Host.Length == 0)
        {
            throw new FormatException("expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
        }

        return url switch
        {
            { UserInfo.Length: > 0 } => throw new FormatException("expected no user and password in the address: set network.user and network.passwordFile"),
            { PathAndQuery.Length: > 1 } or { Fragment.Length: > 0 } => throw new FormatException("expected nothing behind the host and port"),
            _ => url,
        };
    }

    public string Fleet() => Topics.IsFleet(Text)
        ? Text
        : throw new FormatException("expected 1 to 64 lower-case letters, digits, '-', '_' and '.'");

    public string ClientId() => Text.Length is >= 1 and <= 256 && !Text.Any(char.IsControl)
        ? Text
        : throw new FormatException("expected 1 to 256 characters, none of them a control character");

    public OwnUse OwnUse() => Text switch
    {
        "leaf" => Network.OwnUse.Leaf,
        "full" => Network.OwnUse.Full,
        _ => throw new FormatException("expected leaf or full"),
    };

    public EngineChoice Engine() => Text switch
    {
        "auto" => EngineChoice.Auto,
        "direct" => EngineChoice.Direct,
        "genai" => EngineChoice.GenAi,
        _ => throw new FormatException("expected auto, direct or genai"),
    };

    public IReadOnlyList<string> Providers() => [.. Items.ToList().ConvertAll(item =>
        ProviderRung.Names.FirstOrDefault(name => name.Equals(item, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"expected some of {string.Join(", ", ProviderRung.Names)}, got '{item}'"))];

    public KeyUri KeyUri() => Signing.KeyUri.Parse(Text);

    public string BoardName() => Text.Contains('/', StringComparison.Ordinal) || BoardCatalogue.Names.Contains(Text)
        ? Text
        : throw new FormatException($"expected the path of a board file or one of {string.Join(", ", BoardCatalogue.Names)}");

    public string OneOf(IReadOnlyList<string> words) => words.Contains(Text) ? Text : throw new FormatException($"expected one of {string.Join(", ", words)}");

    public QuietHours QuietHours() => Board.Fan.QuietHours.TryParse(Text, out var hours)
        ? hours
        : throw new FormatException("expected two times of day such as 22:00-07:00");

    public ElectricityPrice Price() => ElectricityPrice.TryParse(Items, out var price)
        ? price
        : throw new FormatException("expected one price, or 24 from midnight on, such as \"0.31\"");

    public string Folder() => Directory.Exists(Text) ? Text : throw new FormatException($"expected a folder, and {Text} is none");

    public Schedule Schedule() => Metering.Tariffs.Schedule.ByName.TryGetValue(Text, out var schedule)
        ? schedule
        : throw new FormatException($"expected one of {string.Join(", ", Metering.Tariffs.Schedule.ByName.Keys)}");

    private static IPEndPoint EndPoint(string item)
    {
        if (IPEndPoint.TryParse(item, out var endpoint) && item.Contains(':', StringComparison.Ordinal) && (endpoint.Port != 0 || item.EndsWith(":0", StringComparison.Ordinal)))
        {
            return endpoint;
        }

        throw new FormatException($"expected addresses such as 127.0.0.1:11434, 0.0.0.0:11434 or [::]:11434, got '{item}'");
    }
}
