using System.CommandLine;
using OffLM.Edge.Hosting;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Commands.Keys;

/// <summary><c>key enroll</c>: makes a smart card a node's key.</summary>
internal static class EnrollCommand
{
    private static readonly Option<string> Card = new("--card")
    {
        Description = "Which card, where several are plugged in: its serial number.",
        HelpName = "SERIAL",
        DefaultValueFactory = _ => "",
    };

    private static readonly Option<bool> Replace = new("--replace") { Description = "Delete the key that the card has, and make a new one." };
    private static readonly Option<bool> Keep = new("--keep") { Description = "Take the key that the card has." };
    private static readonly Option<bool> Yes = new("--yes") { Description = "Don't ask." };

    public static Command Create()
    {
        var command = new Command("enroll", "Make a smart card this node's key: a new key that never leaves it, and a PIN of your own.") { Card, Replace, Keep, Yes };
        command.Validators.Add(options =>
        {
            if (options.GetValue(Replace) && options.GetValue(Keep))
            {
                options.AddError("--replace deletes the card's key and --keep takes it: say one of them.");
            }
        });
        command.SetAction(result =>
        {
            ProcessGuard.ForbidDumps();
            var enrolled = Run(UsbCards.Open, result.GetValue(Card)!, (result.GetValue(Replace), result.GetValue(Keep), result.GetValue(Yes)), CardConsole.OfProcess());
            Report(enrolled, result.GetValue(GlobalOptions.Json));
            return 0;
        });
        return command;
    }

    /// <summary>Enrols a card.</summary>
    /// <exception cref="CommandException">It can't be done, or there was no consent.</exception>
    public static EnrolledCard Run(CardConnector cards, string name, (bool Replace, bool Keep, bool Yes) options, CardConsole console)
    {
        try
        {
            using var card = cards(name);
            var enrolment = new CardEnrolment(card, TimeProvider.System);
            Explain(card, enrolment, options, console);
            using var admin = AdminPin(card, console);
            using var user = console.NewPin(CardConsole.PinVariable, "The PIN that the node shall present, 6 characters or more");
            using var newAdmin = console.OptionalNewPin(CardConsole.NewAdminPinVariable, "A new admin PIN, 8 characters or more (Enter keeps it)");
            var address = options.Keep ? enrolment.KeepKey(admin, user, newAdmin) : enrolment.MakeKey(admin, user, newAdmin);
            using var factory = SecretText.Of(OpenPgpCard.FactoryAdminPin);
            return new(card.Data.Identity, card.Data.ManufacturerName, address, card.ReadSignatureCounter(), HasFactoryPin: (newAdmin ?? admin).Is(factory));
        }
        catch (Exception e) when (e is CardException or KeyUnavailableException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static void Explain(OpenPgpCard card, CardEnrolment enrolment, (bool Replace, bool Keep, bool Yes) options, CardConsole console)
    {
        console.Say($"{card.Data.ManufacturerName} card {card.Data.Identity}, {card.Place}.");
        if (!card.Data.CanSetAlgorithm && !card.Data.SignatureAlgorithm.IsEcdsaSecp256k1)
        {
            throw new CommandException($"This card makes keys of {card.Data.SignatureAlgorithm} only; a node signs with ECDSA secp256k1.");
        }

        var existing = enrolment.HoldsKey ? enrolment.ExistingKey?.ToString() ?? $"a key of {card.Data.SignatureAlgorithm}" : null;
        if (existing is not null && !options.Replace && !options.Keep)
        {
            throw new CommandException(
                $"Nothing was changed: the card's signature slot holds {existing}. Say --keep to take that key for this node, or --replace to delete it for good and make a new one.");
        }

        if (options.Keep)
        {
            console.Say($"The key {existing ?? "(none)"} is kept. The card's user PIN is set anew, and no touch is needed to sign from now on.");
        }
        else
        {
            console.Say($"A new key is made in the card's signature slot and never leaves it. {(existing is null ? "" : $"{existing} is deleted, and nobody can sign with it again. ")}The card's user PIN is set anew.");
        }

        if (!options.Yes)
        {
            console.RequireYes("Go on?");
        }
    }

    /// <summary>The admin PIN that was given, else the factory's; that only on a card which forgives a wrong one.</summary>
    private static SecretText AdminPin(OpenPgpCard card, CardConsole console) =>
        console.Pin(CardConsole.AdminPinVariable, "The card's admin PIN (Enter for a new card's)")
        ?? (card.Data.Pins.AdminTries >= PinStatus.AllTries
            ? SecretText.Of(OpenPgpCard.FactoryAdminPin)
            : throw new CommandException($"The card needs its admin PIN, of which {card.Data.Pins.AdminTries} tries are left. Put it into {CardConsole.AdminPinVariable}."));

    private static void Report(EnrolledCard enrolled, bool json)
    {
        if (json)
        {
            Output.Json(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("uri", enrolled.Uri);
                writer.WriteString("address", enrolled.Address.ToString());
                writer.WriteNumber("counter", enrolled.Counter);
                writer.WriteBoolean("factoryAdminPin", enrolled.HasFactoryPin);
                writer.WriteEndObject();
            });
            return;
        }

        Output.Pairs(("key", enrolled.Uri), ("address", enrolled.Address.ToString()));
        Console.Error.WriteLine($"Set key.uri to {enrolled.Uri}, and give the node its PIN: {CardPinSources.Advice}");
        if (enrolled.HasFactoryPin)
        {
            Console.Error.WriteLine("The admin PIN is still the factory's: whoever holds the card can change it. Set another: offlm-edge key pin --admin");
        }
    }
}
