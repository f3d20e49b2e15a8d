using System.CommandLine;
using System.Security.Cryptography;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Commands;

/// <summary><c>key show</c> and <c>key test</c>.</summary>
internal static class KeyCommand
{
    public static Command Create()
    {
        var show = new Command("show", "Show the node's key: its name, kind and address.");
        show.SetAction(Show);
        var test = new Command("test", "Sign a random digest and check the signature.");
        test.SetAction(TestAsync);
        return new Command("key", "The node's signing key.") { show, test };
    }

    private static int Show(ParseResult result)
    {
        var uri = GlobalOptions.SettingsOf(result).KeyUriIn(GlobalOptions.StateOf(result).Root);
        var address = Peek(uri);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("uri", uri.ToString());
                json.WriteString("class", uri.Class == KeyClass.KeyFile ? "file" : "card");
                json.WriteString("address", address?.ToString());
                json.WriteEndObject();
            });
        }
        else
        {
            Output.Pairs(("key", uri.ToString()), ("address", address?.ToString() ?? "not in the file; 'key test' shows it"));
        }

        return 0;
    }

    private static async Task<int> TestAsync(ParseResult result, CancellationToken cancellation)
    {
        var uri = GlobalOptions.SettingsOf(result).KeyUriIn(GlobalOptions.StateOf(result).Root);
        try
        {
            RequireFile(uri);
            var password = KeyPassword.Find(uri.Location) ?? throw new CommandException(
                $"The key file {uri.Location} needs its password: give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}.");
            using var key = KeyFile.Open(uri.Location, password.Value);
            var digest = new Bytes32(RandomNumberGenerator.GetBytes(Bytes32.Size));
            var signature = await key.SignAsync(digest, cancellation);
            if (signature.Recover(digest) != key.Address)
            {
                throw new CommandException($"{uri} signed, but the signature is not by {key.Address}. Don't use this key.");
            }

            if (result.GetValue(GlobalOptions.Json))
            {
                Output.Json(json =>
                {
                    json.WriteStartObject();
                    json.WriteBoolean("ok", true);
                    json.WriteString("address", key.Address.ToString());
                    json.WriteEndObject();
                });
            }
            else
            {
                Console.WriteLine($"{uri} signs; its address is {key.Address}.");
            }

            return 0;
        }
        catch (KeyUnavailableException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static Address? Peek(KeyUri uri)
    {
        RequireFile(uri);
        try
        {
            return KeyFile.PeekAddress(uri.Location);
        }
        catch (KeyUnavailableException e)
        {
            throw new CommandException(File.Exists(uri.Location) ? e.Message : $"There is no key at {uri}. The node makes one at its first start.", e);
        }
    }

    private static void RequireFile(KeyUri uri)
    {
        if (uri.Class != KeyClass.KeyFile)
        {
            throw new CommandException($"{uri}: this version signs with key files only. Set key.uri to file:PATH.");
        }
    }
}
