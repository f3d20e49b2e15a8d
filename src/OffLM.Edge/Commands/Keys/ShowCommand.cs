using System.CommandLine;
using System.Text.Json;
using OffLM.Edge.Hosting;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Commands.Keys;

/// <summary><c>key show</c>: the key's name, kind and address, and how its card stands.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var command = new Command("show", "Show the node's key: its name, kind and address, and how its card stands.");
        command.SetAction(ShowAsync);
        return command;
    }

    private static async Task<int> ShowAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        var uri = GlobalOptions.SettingsOf(result).KeyUriIn(state.Root);
        var json = result.GetValue(GlobalOptions.Json);
        if (uri.Class == KeyClass.KeyFile)
        {
            Write(json, uri, PeekFile(uri)?.ToString(), "not in the file; 'key test' shows it", null, 0);
            return 0;
        }

        using var node = ControlClient.Find(state);
        if (node is not null)
        {
            // The node has the card, and what it says of it.
            using var answer = await node.SendAsync(HttpMethod.Get, "/node/v1/key", null, cancellation);
            var address = answer.RootElement.TryGetProperty("address", out var known) ? known.GetString() : null;
            if (answer.RootElement.TryGetProperty("problem", out var problem))
            {
                await Console.Error.WriteLineAsync(problem.GetString());
            }

            Write(json, uri, address, "not known yet", null, 0);
            return 0;
        }

        ShowCard(UsbCards.Open, uri, json);
        return 0;
    }

    /// <summary>Shows what a card says of itself; presents no PIN.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static void ShowCard(CardConnector cards, KeyUri uri, bool json)
    {
        try
        {
            using var card = cards(uri.Location);
            var address = new CardEnrolment(card, TimeProvider.System).ExistingKey?.ToString();
            Write(json, uri, address, "none: its signature slot holds no key of secp256k1. 'key enroll' makes one", card.Data, address is null ? 0 : card.ReadSignatureCounter());
        }
        catch (CardException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static void Write(bool json, KeyUri uri, string? address, string otherwise, ApplicationData? card, uint counter)
    {
        if (json)
        {
            Output.Json(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("uri", uri.ToString());
                writer.WriteString("class", uri.Class == KeyClass.KeyFile ? "file" : "card");
                writer.WriteString("address", address);
                if (card is not null)
                {
                    WriteCard(writer, card, counter);
                }

                writer.WriteEndObject();
            });
            return;
        }

        List<(string, string)> lines = [("key", uri.ToString()), ("address", address ?? otherwise)];
        if (card is not null)
        {
            lines.AddRange(
            [
                ("card", $"{card.ManufacturerName} {card.Identity}, OpenPGP card {card.Version}"),
                ("slot", card.SignatureAlgorithm.ToString()),
                ("signatures", $"{counter}"),
                ("PIN", $"{card.Pins.UserTries} tries left, {(card.Pins.ValidForMany ? "holds until the card loses power" : "needed for each signature")}; admin PIN: {card.Pins.AdminTries} tries left"),
                ("touch", card.Touch == TouchPolicy.Off ? "not needed" : "needed: a node can't sign with it. 'key enroll --keep' turns it off"),
            ]);
        }

        Output.Pairs([.. lines]);
    }

    private static void WriteCard(Utf8JsonWriter writer, ApplicationData card, uint counter)
    {
        writer.WriteStartObject("card");
        writer.WriteString("maker", card.ManufacturerName);
        writer.WriteString("serial", card.Identity);
        writer.WriteString("version", card.Version.ToString());
        writer.WriteString("algorithm", card.SignatureAlgorithm.ToString());
        writer.WriteNumber("counter", counter);
        writer.WriteNumber("userTries", card.Pins.UserTries);
        writer.WriteNumber("adminTries", card.Pins.AdminTries);
        writer.WriteBoolean("pinForMany", card.Pins.ValidForMany);
        writer.WriteBoolean("touch", card.Touch != TouchPolicy.Off);
        writer.WriteEndObject();
    }

    private static Address? PeekFile(KeyUri uri)
    {
        try
        {
            return KeyFile.PeekAddress(uri.Location);
        }
        catch (KeyUnavailableException e)
        {
            throw new CommandException(File.Exists(uri.Location) ? e.Message : $"There is no key at {uri}. The node makes one at its first start.", e);
        }
    }
}
