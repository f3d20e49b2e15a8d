using System.CommandLine;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Commands.Keys;

/// <summary><c>key test</c>: signs random bytes and checks the signature. A card counts that, so the ledger is told.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var command = new Command("test", "Sign random bytes and check the signature.");
        command.SetAction(TestAsync);
        return command;
    }

    /// <summary>Tests a card where no node runs. The ledger is told before, if there is one.</summary>
    /// <exception cref="CommandException">It can't sign.</exception>
    public static async Task<Address> TestCardAsync(CardConnector cards, CardPinSource pin, KeyUri uri, StateDirectory state, CancellationToken cancellation)
    {
        using var exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        using var pins = new CardPinKeeper(pin);
        using var key = await SmartCardKey.OpenAsync(uri.Location, cards, pins, cancellation);
        if (!File.Exists(state.Ledger))
        {
            await SignAsync(key, cancellation);
            return key.Address;
        }

        using var ledger = Ledger.Open(state.Ledger, TimeProvider.System);
        var clock = new NodeClock(TimeProvider.System);
        _ = await new BatchSealer(ledger, TypedDomain.TestNetwork, boot: 0, clock.Now).TestAsync(key, cancellation);
        return key.Address;
    }

    private static async Task<int> TestAsync(ParseResult result, CancellationToken cancellation)
    {
        ProcessGuard.ForbidDumps();
        var state = GlobalOptions.StateOf(result);
        var uri = GlobalOptions.SettingsOf(result).KeyUriIn(state.Root);
        try
        {
            var address = uri.Class == KeyClass.KeyFile ? await TestFileAsync(uri, cancellation)
                : await AskNodeAsync(state, cancellation)
                ?? (await TestCardAsync(UsbCards.Open, PinOrAsk, uri, state, cancellation)).ToString();
            Report(result.GetValue(GlobalOptions.Json), uri, address);
            return 0;
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerRolledBackException or LedgerUnavailableException or LedgerVersionException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static SecretText? PinOrAsk() => CardPinSources.FromSystem() ?? CardConsole.OfProcess().Pin(CardConsole.PinVariable, "The card's PIN");

    /// <summary>The running node's own test; null if none runs.</summary>
    private static async Task<string?> AskNodeAsync(StateDirectory state, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is null)
        {
            return null;
        }

        using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/key/test", null, cancellation);
        return answer.RootElement.GetProperty("address").GetString();
    }

    private static async Task<string> TestFileAsync(KeyUri uri, CancellationToken cancellation)
    {
        var password = KeyPassword.Find(uri.Location) ?? throw new CommandException(
            $"The key file {uri.Location} needs its password: give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}.");
        using var key = KeyFile.Open(uri.Location, password.Value);
        await SignAsync(key, cancellation);
        return key.Address.ToString();
    }

    private static async Task SignAsync(ISigningKey key, CancellationToken cancellation)
    {
        var digest = Bytes32.Random();
        if ((await key.SignAsync(digest, cancellation)).Recover(digest) != key.Address)
        {
            throw new CommandException($"{key.Description} signed, but the signature is not by {key.Address}. Don't use this key.");
        }
    }

    private static void Report(bool json, KeyUri uri, string address)
    {
        if (!json)
        {
            Console.WriteLine($"{uri} signs; its address is {address}.");
            return;
        }

        Output.Json(writer =>
        {
            writer.WriteStartObject();
            writer.WriteBoolean("ok", true);
            writer.WriteString("address", address);
            writer.WriteEndObject();
        });
    }
}
