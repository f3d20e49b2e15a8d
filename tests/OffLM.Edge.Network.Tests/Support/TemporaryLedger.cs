using OffLM.Edge.Metering;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>A ledger in a folder that is gone afterwards.</summary>
internal sealed class TemporaryLedger : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-network-ledger-");

    public TemporaryLedger() => Ledger = Ledger.Open(Path, TimeProvider.System);

    public Ledger Ledger { get; }

    public string Path => System.IO.Path.Combine(_folder.FullName, "ledger.db");

    public BatchState StateOf(ulong batch) => SampleLedger.Batch(Path, batch).State;

    public void Dispose()
    {
        Ledger.Dispose();
        _folder.Delete(recursive: true);
    }
}
