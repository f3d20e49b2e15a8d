using System.CommandLine;
using OffLM.Edge.Hosting;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.OpenPgp;

namespace OffLM.Edge.Commands.Keys;

/// <summary><c>key pin</c>: changes a card's PINs.</summary>
internal static class PinCommand
{
    private static readonly Option<bool> Unblock = new("--unblock") { Description = "Set a new user PIN with the admin PIN, after too many wrong ones." };
    private static readonly Option<bool> Admin = new("--admin") { Description = "Change the admin PIN." };

    public static Command Create()
    {
        var command = new Command("pin", "Change the card's PIN. The node must not run: it has the card.") { Unblock, Admin };
        command.Validators.Add(options =>
        {
            if (options.GetValue(Unblock) && options.GetValue(Admin))
            {
                options.AddError("--unblock sets the user PIN and --admin the admin PIN: say one of them.");
            }
        });
        command.SetAction(result =>
        {
            ProcessGuard.ForbidDumps();
            var uri = GlobalOptions.SettingsOf(result).KeyUriIn(GlobalOptions.StateOf(result).Root);
            var name = uri.Class == KeyClass.SmartCard ? uri.Location : "";
            var identity = Run(UsbCards.Open, name, (result.GetValue(Unblock), result.GetValue(Admin)), CardConsole.OfProcess());
            Output.Done(
                result.GetValue(GlobalOptions.Json),
                $"The {(result.GetValue(Admin) ? "admin" : "user")} PIN of card {identity} is changed.{(result.GetValue(Admin) ? "" : " Give the node the new one: " + CardPinSources.Advice)}",
                ("card", identity),
                "changed");
            return 0;
        });
        return command;
    }

    /// <summary>Changes a PIN.</summary>
    /// <returns>The card's maker and serial number.</returns>
    /// <exception cref="CommandException">It can't be done.</exception>
    public static string Run(CardConnector cards, string name, (bool Unblock, bool Admin) options, CardConsole console)
    {
        try
        {
            using var card = cards(name);
            if (options.Unblock)
            {
                using var admin = Required(console, CardConsole.AdminPinVariable, "The card's admin PIN");
                using var fresh = console.NewPin(CardConsole.NewPinVariable, "A new user PIN, 6 characters or more");
                card.VerifyAdminPin(admin.Bytes);
                card.ResetUserPin(fresh.Bytes);
                return card.Data.Identity;
            }

            var (pin, variable, newVariable, word) = options.Admin
                ? (CardPin.Admin, CardConsole.AdminPinVariable, CardConsole.NewAdminPinVariable, "admin PIN, 8")
                : (CardPin.User, CardConsole.PinVariable, CardConsole.NewPinVariable, "user PIN, 6");
            using var old = Required(console, variable, $"The card's present {word.Split(',')[0]}");
            using var replacement = console.NewPin(newVariable, $"A new {word} characters or more");
            card.ChangePin(pin, old.Bytes, replacement.Bytes);
            return card.Data.Identity;
        }
        catch (CardException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static SecretText Required(CardConsole console, string variable, string question) =>
        console.Pin(variable, question) ?? throw new CommandException($"Nothing was changed: a PIN is missing. Type it, or put it into {variable}.");
}
