using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Work.Callers;

/// <summary>The API keys in <c>access.db</c>, held in memory for checking. A change is durable before it holds.</summary>
public sealed class ApiKeyStore : IDisposable
{
    /// <summary>What every key begins with, so that people and scanners recognise one.</summary>
    public const string Prefix = "offlm_";

    private const int SchemaVersion = 1;
    private const int SecretBytes = 32;

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly TimeProvider _time;
    private Dictionary<string, ApiKey> _byHash;

    private ApiKeyStore(SqliteConnection connection, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        _byHash = Load(connection);
    }

    /// <summary>Opens the store, making it if it is not there.</summary>
    /// <exception cref="SqliteException">It can't be opened or is no database.</exception>
    /// <exception cref="InvalidDataException">It is newer than this program, or a row can't be read.</exception>
    public static ApiKeyStore Open(string path, TimeProvider time)
    {
        var connection = SqliteConnection.Open(path);
        try
        {
            _ = connection.UseWriteAheadLog();
            connection.Execute("PRAGMA synchronous = FULL");
            var version = int.Parse(connection.Scalar("PRAGMA user_version")!, System.Globalization.CultureInfo.InvariantCulture);
            if (version > SchemaVersion)
            {
                throw new InvalidDataException($"{path} has schema version {version}; this program knows versions up to {SchemaVersion}. Update the program.");
            }

            connection.Execute(
                $"""
                CREATE TABLE IF NOT EXISTS keys(hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
                PRAGMA user_version = {SchemaVersion};
                """);
            return new ApiKeyStore(connection, time);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The keys, revoked ones too, oldest first.</summary>
    public IReadOnlyList<ApiKey> List()
    {
        lock (_gate)
        {
            return [.. _byHash.Values.OrderBy(k => k.CreatedAt).ThenBy(k => k.Id, StringComparer.Ordinal)];
        }
    }

    /// <summary>Makes a key.</summary>
    /// <param name="template">Its rights; id and time are set here.</param>
    /// <returns>The key, and the secret that is shown once and never kept.</returns>
    /// <exception cref="ArgumentException">The name is empty, too long, or in use by a valid key.</exception>
    public (ApiKey Key, string Secret) Add(ApiKey template)
    {
        if (string.IsNullOrWhiteSpace(template.Name) || template.Name.Length > 64)
        {
            throw new ArgumentException("A key needs a name of 1 to 64 characters.");
        }

        lock (_gate)
        {
            if (_byHash.Values.Any(k => k.RevokedAt is null && k.Name == template.Name))
            {
                throw new ArgumentException($"There is a key named '{template.Name}' already. Choose another name, or revoke that one first.");
            }

            var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
            var key = template with { Id = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), CreatedAt = _time.GetUtcNow(), RevokedAt = null };
            Save(Hash(secret), key);
            return (key, secret);
        }
    }

    /// <summary>Ends a key; holds from the next request.</summary>
    /// <param name="nameOrId">Its name or id.</param>
    /// <returns>The revoked key; null if no valid key has that name or id.</returns>
    public ApiKey? Revoke(string nameOrId)
    {
        lock (_gate)
        {
            var (hash, key) = _byHash.FirstOrDefault(e => e.Value.RevokedAt is null && (e.Value.Id == nameOrId || e.Value.Name == nameOrId));
            if (key is null)
            {
                return null;
            }

            var revoked = key with { RevokedAt = _time.GetUtcNow() };
            Save(hash, revoked);
            return revoked;
        }
    }

    /// <summary>The key that a caller presented, revoked or not; null if there is none such.</summary>
    public ApiKey? Find(string secret)
    {
        var hash = Hash(secret);
        lock (_gate)
        {
            return _byHash.GetValueOrDefault(hash);
        }
    }

    public void Dispose() => _connection.Dispose();

    /// <summary>The secret has 256 random bits, so one fast hash is as good as a slow one.</summary>
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static Dictionary<string, ApiKey> Load(SqliteConnection connection)
    {
        var keys = new Dictionary<string, ApiKey>();
        var rows = connection.Prepare("SELECT hash, id, body FROM keys");
        while (rows.Step())
        {
            try
            {
                keys[rows.Text(0)] = JsonSerializer.Deserialize(rows.Text(2), ApiKeyJson.Default.ApiKey)!;
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"The row of key {rows.Text(1)} in access.db can't be read: {e.Message}", e);
            }
        }

        return keys;
    }

    private void Save(string hash, ApiKey key)
    {
        _connection.Prepare("INSERT INTO keys(hash, id, body) VALUES(?1, ?2, ?3) ON CONFLICT(hash) DO UPDATE SET body = excluded.body")
            .Bind(1, hash).Bind(2, key.Id).Bind(3, JsonSerializer.Serialize(key, ApiKeyJson.Default.ApiKey)).Run();
        _byHash = new Dictionary<string, ApiKey>(_byHash) { [hash] = key };
    }
}

/// <summary>Keys as JSON, in the store and in the node API.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(AddressJsonConverter), typeof(AttoJsonConverter)])]
[JsonSerializable(typeof(ApiKey))]
public sealed partial class ApiKeyJson : JsonSerializerContext;
