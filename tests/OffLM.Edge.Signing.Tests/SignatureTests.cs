using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing.Tests;

public sealed class SignatureTests
{
    private const string Secret = "0x0000000000000000000000000000000000000000000000000000000000000001";

    private static readonly BigInteger Order = BigInteger.Parse("00FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber);

    /// <summary>Widely published RFC 6979 vectors for this curve; recovery ids and addresses are from ethers.</summary>
    public static TheoryData<string, string, string, string> Vectors => new()
    {
        {
            "0x0000000000000000000000000000000000000000000000000000000000000001", "Satoshi Nakamoto",
            "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e51c",
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        },
        {
            "0x0000000000000000000000000000000000000000000000000000000000000001",
            "All those moments will be lost in time, like tears in rain. Time to die...",
            "0x8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc211b",
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        },
        {
            "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "Satoshi Nakamoto",
            "0xfd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed51b",
            "0x80C0dbf239224071c59dD8970ab9d542E3414aB2"
        },
        {
            "0xf8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
            "0x7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea1b",
            "0x3B7AFc0192e752307A611E53aD177d55482BCe2a"
        },
    };

    [Theory, MemberData(nameof(Vectors))]
    public async Task Known_vectors_are_signed_and_recovered_the_same(string secret, string message, string signature, string address)
    {
        using var key = new KeyFileKey("vector", Hex.Decode(secret));
        var digest = new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(message)));
        Assert.Equal(address, key.Address.ToString());
        Assert.Equal(signature, (await key.SignAsync(digest, default)).ToString());
        Assert.True(RecoverableSignature.TryParse(signature, out var parsed));
        Assert.Equal(key.Address, parsed.Recover(digest));
    }

    [Fact]
    public async Task The_other_half_of_a_signature_with_a_high_s_is_refused()
    {
        using var key = new KeyFileKey("test", Hex.Decode(Secret));
        var digest = Bytes32.Random();
        var low = (await key.SignAsync(digest, default)).ToArray();
        var s = new BigInteger(low.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
        var high = low.ToArray();
        high.AsSpan(32, 32).Clear();
        var bytes = (Order - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.CopyTo(high, 64 - bytes.Length);
        high[64] ^= 27 ^ 28;
        Assert.Equal(key.Address, new RecoverableSignature(low).Recover(digest));
        Assert.Null(new RecoverableSignature(high).Recover(digest));
    }

    [Fact]
    public void Signatures_with_a_wrong_length_or_v_are_not_made()
    {
        Assert.Throws<ArgumentException>(() => new RecoverableSignature(new byte[64]));
        foreach (var v in Enumerable.Range(0, 256).Where(v => v is not 27 and not 28))
        {
            var bytes = new byte[65];
            bytes[64] = (byte)v;
            Assert.Throws<ArgumentException>(() => new RecoverableSignature(bytes));
            Assert.False(RecoverableSignature.TryParse(Hex.Encode(bytes), out _));
        }
    }

    [Fact]
    public void A_signature_that_no_key_could_make_recovers_nobody()
    {
        var digest = Bytes32.Random();
        Assert.Null(default(RecoverableSignature).Recover(digest));
        var zeros = new byte[65];
        zeros[64] = 27;
        Assert.Null(new RecoverableSignature(zeros).Recover(digest));
        Array.Fill(zeros, (byte)0xFF, 0, 64);
        Assert.Null(new RecoverableSignature(zeros).Recover(digest));
    }

    [Theory]
    [InlineData("0x0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")]
    [InlineData("0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0x01")]
    public void Secrets_outside_the_group_are_refused(string secret)
    {
        Assert.False(Secp256k1.IsValidSecret(Hex.Decode(secret)));
        Assert.Throws<ArgumentException>(() => Secp256k1.AddressOf(Hex.Decode(secret)));
        Assert.Throws<ArgumentException>(() => Secp256k1.Sign(Bytes32.Zero, Hex.Decode(secret)));
    }

    [Fact]
    public async Task A_disposed_key_signs_nothing()
    {
        var key = new KeyFileKey("test", Hex.Decode(Secret));
        key.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await key.SignAsync(Bytes32.Zero, default));
    }
}
