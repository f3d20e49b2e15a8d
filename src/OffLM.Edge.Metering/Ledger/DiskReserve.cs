namespace OffLM.Edge.Metering;

/// <summary>
/// Space kept aside beside the ledger, so that what runs when the disk fills up can still be closed. Released for the first
/// closing that finds no room, taken back when there is room again.
/// </summary>
internal sealed class DiskReserve(string ledgerPath)
{
    /// <summary>Enough for the checkpoints and receipts of a full queue, several times over, and for the log's growth.</summary>
    private const long SizeBytes = 4 << 20;

    private readonly string _path = ledgerPath + ".reserve";

    /// <summary>Takes the space if it isn't taken yet and the disk has room for it; otherwise does nothing.</summary>
    public void Take()
    {
        if (File.Exists(_path))
        {
            return;
        }

        try
        {
            using var file = File.Create(_path);
            var zeros = new byte[64 * 1024];
            for (long written = 0; written < SizeBytes; written += zeros.Length)
            {
                file.Write(zeros);
            }
        }
        catch (IOException)
        {
            // No room: admission will say so. A part of a reserve is of no use.
            Release();
        }
    }

    /// <summary>Gives the space to whoever writes next; false if there was none.</summary>
    public bool Release()
    {
        if (!File.Exists(_path))
        {
            return false;
        }

        File.Delete(_path);
        return true;
    }
}
