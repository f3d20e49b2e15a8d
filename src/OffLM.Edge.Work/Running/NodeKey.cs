using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Work.Running;

/// <summary>
/// The node's signing key. Unlocked off the start path, and tried again while it is missing: the node goes on answering meanwhile,
/// and its receipts stay open.
/// </summary>
/// <param name="uri">The key's name.</param>
/// <param name="ledger">Remembers its address.</param>
/// <param name="cards">How a card is reached.</param>
/// <param name="cardPin">Where a card's PIN is.</param>
/// <param name="logger">Says what became of it.</param>
public sealed partial class NodeKey(KeyUri uri, Ledger ledger, CardConnector cards, CardPinSource cardPin, ILogger<NodeKey> logger) : IDisposable
{
    private readonly CardPinKeeper _pins = new(cardPin);
    private readonly SemaphoreSlim _unlocking = new(1);
    private ISigningKey? _key;
    private string? _problem = "The key is being unlocked.";

    /// <summary>Raised when the key was unlocked, with its address. Handlers must be quick and must not throw.</summary>
    public event Action<Address>? Unlocked;

    /// <summary>The key's name.</summary>
    public KeyUri Uri => uri;

    /// <summary>Why the key can't sign now; null while it can.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>The key's address; null until it was unlocked.</summary>
    public Address? Address => _key?.Address;

    /// <summary>The key, unlocked; made if the node never had one.</summary>
    /// <exception cref="KeyUnavailableException">It can't be unlocked; says why.</exception>
    public async Task<ISigningKey> UnlockAsync()
    {
        await _unlocking.WaitAsync();
        try
        {
            if (_key is { } unlocked)
            {
                return unlocked;
            }

            var key = await OpenAsync();
            if (await ledger.NodeAddressAsync() is { } earlier && earlier != key.Address)
            {
                LogReplaced(earlier, key.Address);
            }

            await ledger.SetNodeAddressAsync(key.Address);
            LogUnlocked(key.Description, key.Address);
            _key = key;
            Volatile.Write(ref _problem, null);
            Unlocked?.Invoke(key.Address);
            return key;
        }
        catch (KeyUnavailableException e)
        {
            Report(e.Message);
            throw;
        }
        finally
        {
            _unlocking.Release();
        }
    }

    /// <summary>Forgets the unlocked key after it failed; the next use unlocks it anew.</summary>
    public void Failed(string problem)
    {
        Report(problem);
        Interlocked.Exchange(ref _key, null)?.Dispose();
    }

    public void Dispose()
    {
        _key?.Dispose();
        _pins.Dispose();
        _unlocking.Dispose();
    }

    private async Task<ISigningKey> OpenAsync()
    {
        if (uri.Class == KeyClass.SmartCard)
        {
            try
            {
                return await SmartCardKey.OpenAsync(uri.Location, cards, _pins, CancellationToken.None);
            }
            catch (KeyUnavailableException e)
            {
                throw new KeyUnavailableException($"{uri}: {e.Message}", e);
            }
        }

        var path = uri.Location;
        if (File.Exists(path))
        {
            return KeyFile.Open(path, KeyPassword.Find(path)?.Value ?? throw new KeyUnavailableException(
                $"The key file {path} needs its password. Give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}."));
        }

        if (await ledger.NodeAddressAsync() is { } address)
        {
            throw new KeyUnavailableException(
                $"The key file {path} of {address} is gone. Put it back; or, if it is lost, name another key file in key.uri: the receipts' chain goes on under it.");
        }

        var password = KeyPassword.Find(path) ?? KeyPassword.CreateBeside(path);
        try
        {
            return KeyFile.Create(path, password.Value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyUnavailableException($"No key file can be made at {path}: {e.Message}", e);
        }
    }

    private void Report(string problem)
    {
        if (Interlocked.Exchange(ref _problem, problem) != problem)
        {
            LogUnavailable(problem);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Key} is unlocked; the node's address is {Address}")]
    private partial void LogUnlocked(string key, Address address);

    [LoggerMessage(LogLevel.Warning, "The node's key was {Earlier} and is {Now} now; the chain of batches goes on under the new key")]
    private partial void LogReplaced(Address earlier, Address now);

    [LoggerMessage(LogLevel.Error, "Receipts stay open, the key can't sign: {Problem}")]
    private partial void LogUnavailable(string problem);
}
