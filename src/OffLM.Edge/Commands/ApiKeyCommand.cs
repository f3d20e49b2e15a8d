using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Hosting;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Commands;

/// <summary><c>apikey add|list|revoke</c>: through the node if one runs, else on its files.</summary>
internal static class ApiKeyCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "What you call the key, for example the person or app that uses it." };
    private static readonly Option<Scope> ScopeOption = new("--scope") { Description = "use: ask and see one's own receipts. admin: everything.", DefaultValueFactory = _ => Scope.Use };
    private static readonly Option<string[]> ModelsOption = new("--model") { Description = "A model the key may use; may be given several times. Default all.", HelpName = "MODEL" };
    private static readonly Option<int?> Requests = new("--requests-per-minute") { Description = "Default no limit." };
    private static readonly Option<int?> Tokens = new("--tokens-per-minute") { Description = "Prompt and completion together. Default no limit." };
    private static readonly Option<string?> Credit = new("--credit") { Description = "The most that may ever be owed, in atto-OFFLM. Default no limit.", HelpName = "ATTO" };
    private static readonly Option<string?> Payer = new("--payer") { Description = "Who owes the fees. Default nobody: the household's own use.", HelpName = "ADDRESS" };
    private static readonly Option<string?> Builder = new("--builder") { Description = "Whose app this is. Default none.", HelpName = "ADDRESS" };

    public static Command Create()
    {
        var add = new Command("add", "Make a key. It is shown once and kept only as a hash.") { Name, ScopeOption, ModelsOption, Requests, Tokens, Credit, Payer, Builder };
        add.SetAction(AddAsync);
        var list = new Command("list", "List the keys.");
        list.SetAction(ListAsync);
        var revoke = new Command("revoke", "End a key; holds from the next request.") { new Argument<string>("name") { Description = "The key's name or id." } };
        revoke.SetAction(RevokeAsync);
        return new Command("apikey", "Keys for callers from other machines.") { add, list, revoke };
    }

    private static async Task<int> AddAsync(ParseResult result, CancellationToken cancellation)
    {
        var template = Template(result);
        var state = GlobalOptions.StateOf(result);
        string secret;
        using (var node = ControlClient.Find(state))
        {
            if (node is null)
            {
                using var keys = OpenLocked(state, out var exclusive);
                using var held = exclusive;
                secret = Try(() => keys.Add(template)).Secret;
            }
            else
            {
                using var answer = await node.SendAsync(HttpMethod.Post, "/node/v1/keys", Body(template), cancellation);
                secret = answer.RootElement.GetProperty("secret").GetString()!;
            }
        }

        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("name", template.Name);
                json.WriteString("secret", secret);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine(secret);
            Console.Error.WriteLine("Copy it now: it is not shown again.");
        }

        return 0;
    }

    private static async Task<int> ListAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        using var node = ControlClient.Find(state);
        IReadOnlyList<ApiKey> list;
        if (node is null)
        {
            using var keys = OpenLocked(state, out var exclusive);
            using var held = exclusive;
            list = keys.List();
        }
        else
        {
            using var answer = await node.SendAsync(HttpMethod.Get, "/node/v1/keys", null, cancellation);
            list = [.. answer.RootElement.GetProperty("keys").EnumerateArray().Select(k => k.Deserialize(ApiKeyJson.Default.ApiKey)!)];
        }

        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(json =>
            {
                json.WriteStartArray();
                foreach (var key in list)
                {
                    JsonSerializer.Serialize(json, key, ApiKeyJson.Default.ApiKey);
                }

                json.WriteEndArray();
            });
            return 0;
        }

        Output.Table([
            ["NAME", "ID", "SCOPE", "MODELS", "REQUESTS/MIN", "TOKENS/MIN", "PAYER", "STATE"],
            .. list.Select(k => (string[])[
                k.Name, k.Id, k.Scope.ToString().ToLowerInvariant(), k.Models.Count == 0 ? "all" : string.Join(',', k.Models),
                Limit(k.RequestsPerMinute), Limit(k.TokensPerMinute), k.Payer.IsZero ? "none" : k.Payer.ToString(), k.RevokedAt is null ? "valid" : "revoked"]),
        ]);
        return 0;
    }

    private static async Task<int> RevokeAsync(ParseResult result, CancellationToken cancellation)
    {
        var name = result.GetRequiredValue<string>("name");
        var state = GlobalOptions.StateOf(result);
        using var node = ControlClient.Find(state);
        if (node is null)
        {
            using var keys = OpenLocked(state, out var exclusive);
            using var held = exclusive;
            _ = keys.Revoke(name) ?? throw new CommandException($"There is no valid key named '{name}'. 'offlm-edge apikey list' shows them.");
        }
        else
        {
            using var answer = await node.SendAsync(HttpMethod.Delete, $"/node/v1/keys/{Uri.EscapeDataString(name)}", null, cancellation);
        }

        Output.Done(result.GetValue(GlobalOptions.Json), $"The key '{name}' is revoked.", ("name", name), "revoked");
        return 0;
    }

    private static ApiKey Template(ParseResult result) => new()
    {
        Id = "",
        Name = result.GetRequiredValue(Name),
        Scope = result.GetValue(ScopeOption),
        Models = result.GetValue(ModelsOption) ?? [],
        RequestsPerMinute = Positive(result.GetValue(Requests), Requests.Name),
        TokensPerMinute = Positive(result.GetValue(Tokens), Tokens.Name),
        CreditLimit = result.GetValue(Credit) is { } credit
            ? UInt128.TryParse(credit, NumberStyles.None, CultureInfo.InvariantCulture, out var atto) ? atto : throw new CommandException("--credit: expected a whole amount of atto-OFFLM.")
            : null,
        Payer = AddressOf(result, Payer),
        Builder = AddressOf(result, Builder),
        CreatedAt = default,
    };

    private static Address AddressOf(ParseResult result, Option<string?> option) => result.GetValue(option) switch
    {
        null => Address.Zero,
        var text => Address.TryParse(text, out var address) ? address : throw new CommandException($"{option.Name}: expected an address, 0x and 40 hexadecimal digits with a correct checksum."),
    };

    private static int? Positive(int? value, string option) => value is null or > 0 ? value : throw new CommandException($"{option}: expected a number above 0.");

    private static string Limit(int? limit) => limit?.ToString(CultureInfo.InvariantCulture) ?? "none";

    /// <summary>The template as <c>POST /node/v1/keys</c> takes it: that is strict, and knows no field that only the store fills.</summary>
    private static string Body(ApiKey template)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("name", template.Name);
            json.WriteString("scope", template.Scope == Scope.Admin ? "admin" : "use");
            json.WriteStartArray("models");
            foreach (var model in template.Models)
            {
                json.WriteStringValue(model);
            }

            json.WriteEndArray();
            WriteLimit(json, "requestsPerMinute", template.RequestsPerMinute);
            WriteLimit(json, "tokensPerMinute", template.TokensPerMinute);
            if (template.CreditLimit is { } credit)
            {
                json.WriteString("creditLimit", credit.ToString(CultureInfo.InvariantCulture));
            }

            json.WriteString("payer", template.Payer.ToString());
            json.WriteString("builder", template.Builder.ToString());
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteLimit(Utf8JsonWriter json, string name, int? limit)
    {
        if (limit is { } value)
        {
            json.WriteNumber(name, value);
        }
    }

    private static ApiKeyStore OpenLocked(StateDirectory state, out IDisposable exclusive)
    {
        exclusive = state.TryLock() ?? throw new CommandException($"A node starts or stops on {state.Root} just now. Try again in a moment.");
        try
        {
            return ApiKeyStore.Open(state.Access, TimeProvider.System);
        }
        catch (Exception e) when (e is InvalidDataException or Metering.Interop.Sqlite.SqliteException)
        {
            exclusive.Dispose();
            throw new CommandException(e.Message, e);
        }
    }

    private static T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ArgumentException e)
        {
            throw new CommandException(e.Message, e);
        }
    }
}
