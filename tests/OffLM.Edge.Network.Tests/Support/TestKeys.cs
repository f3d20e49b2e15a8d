using OffLM.Edge.Signing;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>Keys for all tests, made once: a key file takes a tenth of a second.</summary>
internal static class TestKeys
{
    public static KeyFileKey Node { get; } = Create();

    public static KeyFileKey Collector { get; } = Create();

    /// <summary>Somebody whom nobody trusts.</summary>
    public static KeyFileKey Stranger { get; } = Create();

    public static KeyFileKey Create()
    {
        var folder = Directory.CreateTempSubdirectory("offlm-network-key-");
        try
        {
            return KeyFile.Create(Path.Combine(folder.FullName, "key.json"), "password");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
