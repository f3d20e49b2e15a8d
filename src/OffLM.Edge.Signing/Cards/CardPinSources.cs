using System.Security.Cryptography;

namespace OffLM.Edge.Signing.Cards;

/// <summary>Where a node finds the user PIN of its card.</summary>
public static class CardPinSources
{
    public const string CredentialName = "offlm-key-pin";
    public const string EnvironmentVariable = "OFFLM_KEY_PIN";

    /// <summary>A PIN is much shorter; a larger file is not one.</summary>
    private const int MaxFile = 256;

    /// <summary>What to do where there is none.</summary>
    public static string Advice => $"Give it as the systemd credential '{CredentialName}' or in {EnvironmentVariable}.";

    /// <summary>The systemd credential, else the environment. Read anew each time, so that a corrected one is taken without a restart.</summary>
    /// <exception cref="KeyUnavailableException">The credential can't be read.</exception>
    public static SecretText? FromSystem()
    {
        if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder && Path.Combine(folder, CredentialName) is var path && File.Exists(path))
        {
            return FromFile(path);
        }

        return Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } text ? SecretText.Of(text) : null;
    }

    private static SecretText FromFile(string path)
    {
        var bytes = GC.AllocateArray<byte>(MaxFile, pinned: true);
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.Read(file, bytes, 0);
            return new(bytes.AsSpan(0, length).TrimEnd("\r\n"u8));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyUnavailableException($"The card's PIN in {path} can't be read: {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
