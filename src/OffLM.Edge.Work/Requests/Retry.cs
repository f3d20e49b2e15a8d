using System.Text;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Requests;

/// <summary>Names a retry: the same key of the same caller for the same question.</summary>
internal static class Retry
{
    public static Bytes32? KeyOf(Caller caller, string? retryKey)
    {
        if (retryKey is not { } key)
        {
            return null;
        }

        var hash = new Keccak256();
        foreach (var part in (string[])[caller.Id, key])
        {
            hash.Append(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(part)));
            hash.Append(part);
        }

        return hash.Current();
    }
}
