using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing;

/// <summary>
/// Reads and writes secret keys in Web3 Secret Storage v3, the format of geth and ethers. Written with PBKDF2
/// (0.1 s to open here); files with scrypt, the other tools' default, can be read (1 s, 256 MB).
/// </summary>
public static class KeyFile
{
    private const int Pbkdf2Rounds = 262_144;
    private const int MaxPbkdf2Rounds = 10_000_000;
    private const int DerivedLength = 32;

    /// <summary>Makes a new key, writes it encrypted (mode 0600, durable before this returns) and opens it.</summary>
    /// <exception cref="IOException">The file exists already or can't be written.</exception>
    public static KeyFileKey Create(string path, string password)
    {
        Span<byte> secret = stackalloc byte[32];
        do
        {
            RandomNumberGenerator.Fill(secret);
        }
        while (!Secp256k1.IsValidSecret(secret));

        try
        {
            return Write(path, password, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Writes a given secret key; see <see cref="Create"/>.</summary>
    internal static KeyFileKey Write(string path, string password, ReadOnlySpan<byte> secret)
    {
        if (File.Exists(path))
        {
            throw new IOException($"The key file {path} exists already; a key is never overwritten. Move it away first if a new one is meant.");
        }

        var document = Encrypt(password, secret);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // Under another name until it is whole: after a power cut there is a complete key file or none.
        var incomplete = path + ".new";
        File.Delete(incomplete);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(incomplete, options))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(document, KeyFileJson.Default.KeyFileDocument));
            file.Flush(flushToDisk: true);
        }

        File.Move(incomplete, path, overwrite: false);
        return new KeyFileKey(path, secret.ToArray());
    }

    /// <summary>The address that a key file says it holds, without its password; null if it says none.</summary>
    /// <exception cref="KeyUnavailableException">The file is missing or no key file.</exception>
    public static Address? PeekAddress(string path) =>
        Read(path).Address is { } text && Address.TryParse(text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text : "0x" + text, out var address)
            ? address
            : null;

    /// <summary>Decrypts a key file.</summary>
    /// <exception cref="KeyUnavailableException">Missing, malformed, of another version, or the password is wrong.</exception>
    public static KeyFileKey Open(string path, string password)
    {
        var document = Read(path);
        try
        {
            return new KeyFileKey(path, Decrypt(document, password, path));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or OverflowException)
        {
            throw new KeyUnavailableException($"The key file {path} is damaged: {e.Message} Restore it from a backup.", e);
        }
    }

    private static KeyFileDocument Read(string path)
    {
        try
        {
            var document = JsonSerializer.Deserialize(File.ReadAllBytes(path), KeyFileJson.Default.KeyFileDocument);
            if (document is not { Version: 3, Crypto: not null })
            {
                throw new KeyUnavailableException($"The file {path} is not a version 3 key file (Web3 Secret Storage).");
            }

            return document;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyUnavailableException($"The key file {path} is gone. Put it back, or point the setting key.uri at where it is.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyUnavailableException($"The key file {path} can't be read: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new KeyUnavailableException($"The key file {path} is damaged: {e.Message} Restore it from a backup.", e);
        }
    }

    private static KeyFileDocument Encrypt(string password, ReadOnlySpan<byte> secret)
    {
        var salt = RandomNumberGenerator.GetBytes(32);
        var iv = RandomNumberGenerator.GetBytes(16);
        var derived = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Pbkdf2Rounds, HashAlgorithmName.SHA256, DerivedLength);
        var ciphertext = AesCtr(derived.AsSpan(0, 16), iv, secret);
        return new KeyFileDocument
        {
            Version = 3,
            Id = Guid.NewGuid().ToString(),
            Address = Secp256k1.AddressOf(secret).ToLowerString()[2..],
            Crypto = new()
            {
                Cipher = "aes-128-ctr",
                Ciphertext = Convert.ToHexStringLower(ciphertext),
                Cipherparams = new(Convert.ToHexStringLower(iv)),
                Kdf = "pbkdf2",
                Kdfparams = new() { Dklen = DerivedLength, Salt = Convert.ToHexStringLower(salt), C = Pbkdf2Rounds, Prf = "hmac-sha256" },
                Mac = Convert.ToHexStringLower(Keccak256.Hash(derived.AsSpan(16, 16), ciphertext).AsSpan()),
            },
        };
    }

    private static byte[] Decrypt(KeyFileDocument document, string password, string path)
    {
        var crypto = document.Crypto!;
        if (crypto is not { Cipher: "aes-128-ctr", Ciphertext: { } cipherHex, Mac: { } macHex, Cipherparams.Iv: { } ivHex, Kdfparams: { Salt: { } saltHex } kdf }
            || kdf.Dklen is < 32 or > 64)
        {
            throw new FormatException("Expected the cipher aes-128-ctr with ciphertext, iv, mac, salt and a dklen of 32.");
        }

        var salt = Convert.FromHexString(saltHex);
        var passwordBytes = Encoding.UTF8.GetBytes(password);
        var derived = crypto.Kdf switch
        {
            "pbkdf2" when kdf.Prf == "hmac-sha256" && kdf.C is >= 1 and <= MaxPbkdf2Rounds =>
                Rfc2898DeriveBytes.Pbkdf2(passwordBytes, salt, kdf.C, HashAlgorithmName.SHA256, kdf.Dklen),
            "scrypt" => Scrypt.Derive(passwordBytes, salt, kdf.N, kdf.R, kdf.P, kdf.Dklen),
            _ => throw new FormatException($"The key derivation '{crypto.Kdf}' or its parameters are not known; pbkdf2 with hmac-sha256 and scrypt are."),
        };
        var ciphertext = Convert.FromHexString(cipherHex);
        var expected = Convert.FromHexString(macHex);
        if (expected.Length != Bytes32.Size)
        {
            throw new FormatException($"The mac has {expected.Length} bytes, expected 32.");
        }

        var mac = Keccak256.Hash(derived.AsSpan(16, 16), ciphertext);
        if (!CryptographicOperations.FixedTimeEquals(mac.AsSpan(), expected))
        {
            throw new KeyUnavailableException($"The password of the key file {path} is wrong. Give the right one as the systemd credential "
                + $"'{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}.");
        }

        var secret = AesCtr(derived.AsSpan(0, 16), Convert.FromHexString(ivHex), ciphertext);
        return Secp256k1.IsValidSecret(secret) ? secret : throw new FormatException("It holds no secp256k1 secret key.");
    }

    private static byte[] AesCtr(ReadOnlySpan<byte> key, byte[] iv, ReadOnlySpan<byte> data)
    {
        if (iv.Length != 16)
        {
            throw new FormatException($"The iv has {iv.Length} bytes, expected 16.");
        }

        using var aes = Aes.Create();
        aes.Key = key.ToArray();
        var counter = iv.AsSpan().ToArray();
        var result = data.ToArray();
        Span<byte> keystream = stackalloc byte[16];
        for (var offset = 0; offset < result.Length; offset += 16)
        {
            aes.EncryptEcb(counter, keystream, PaddingMode.None);
            for (var i = 0; i < 16 && offset + i < result.Length; i++)
            {
                result[offset + i] ^= keystream[i];
            }

            for (var i = 15; i >= 0 && ++counter[i] == 0; i--)
            {
            }
        }

        return result;
    }
}
