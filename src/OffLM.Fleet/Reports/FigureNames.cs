using System.Globalization;
using System.Text.Json;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>How the sums are called in CSV and JSON. Amounts in atto, as decimal strings in JSON.</summary>
internal static class FigureNames
{
    /// <summary>In the order in which they are written.</summary>
    public static IReadOnlyList<(Figure Figure, string Name)> Csv { get; } =
    [
        (Figure.Receipts, "receipts"),
        (Figure.PromptTokens, "promptTokens"),
        (Figure.CachedTokens, "cachedTokens"),
        (Figure.CompletionTokens, "completionTokens"),
        (Figure.Energy, "energyMicrojoules"),
        (Figure.SimulatedEnergy, "simulatedMicrojoules"),
        (Figure.Fees, "fees"),
        (Figure.Provider, "toProvider"),
        (Figure.Model, "toModel"),
        (Figure.Stakers, "toStakers"),
        (Figure.Contributors, "toContributors"),
        (Figure.Platform, "toPlatform"),
        (Figure.PlatformProviders, "platformProviders"),
        (Figure.PlatformValidators, "platformValidators"),
        (Figure.PlatformBurn, "platformBurn"),
        (Figure.PlatformTreasury, "platformTreasury"),
    ];

    /// <summary>Writes all sums but the receipts as members of the open object.</summary>
    public static void Write(Utf8JsonWriter json, Sums sums)
    {
        Number(json, "promptTokens", Figure.PromptTokens);
        Number(json, "cachedTokens", Figure.CachedTokens);
        Number(json, "completionTokens", Figure.CompletionTokens);
        Text(json, "energyMicrojoules", Figure.Energy);
        Text(json, "simulatedMicrojoules", Figure.SimulatedEnergy);
        Text(json, "fees", Figure.Fees);
        json.WriteStartObject("split");
        Text(json, "provider", Figure.Provider);
        Text(json, "model", Figure.Model);
        Text(json, "stakers", Figure.Stakers);
        Text(json, "contributors", Figure.Contributors);
        Text(json, "platform", Figure.Platform);
        json.WriteStartObject("schedule");
        Text(json, "providers", Figure.PlatformProviders);
        Text(json, "validators", Figure.PlatformValidators);
        Text(json, "burn", Figure.PlatformBurn);
        Text(json, "treasury", Figure.PlatformTreasury);
        json.WriteEndObject();
        json.WriteEndObject();

        void Number(Utf8JsonWriter writer, string name, Figure figure) =>
            writer.WriteRawValueNamed(name, sums[figure].ToString(CultureInfo.InvariantCulture));

        void Text(Utf8JsonWriter writer, string name, Figure figure) => writer.WriteString(name, sums[figure].ToString(CultureInfo.InvariantCulture));
    }

    private static void WriteRawValueNamed(this Utf8JsonWriter json, string name, string number)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(number, skipInputValidation: true);
    }
}
