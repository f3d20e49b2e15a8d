using System.Security.Cryptography;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>
/// Names for requests that begin on this node. All 32 bytes are random, but so many names in a row share their first eight: the ledger
/// finds requests by name, and names that stand beside each other fill its pages one after the other. Names at random places would make
/// each receipt write a page of its own, which a memory card feels. That two requests are neighbours is no secret: their sequence
/// numbers say the same.
/// </summary>
public static class RequestName
{
    /// <summary>Bounds how many names share their beginning. With fewer, pages are left half empty; with more, nothing is won.</summary>
    private const int NamesInARow = 256;

    private const int SharedBytes = 8;

    private static readonly Lock Gate = new();
    private static readonly byte[] Shared = new byte[SharedBytes];
    private static int _left;

    /// <summary>A name that nobody can guess, 24 bytes of it being new.</summary>
    public static Bytes32 Next()
    {
        Span<byte> name = stackalloc byte[Bytes32.Size];
        RandomNumberGenerator.Fill(name[SharedBytes..]);
        lock (Gate)
        {
            if (_left == 0)
            {
                RandomNumberGenerator.Fill(Shared);
                _left = NamesInARow;
            }

            _left--;
            Shared.CopyTo(name);
        }

        return new Bytes32(name);
    }
}
