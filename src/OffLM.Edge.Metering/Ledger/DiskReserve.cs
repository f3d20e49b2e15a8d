namespace OffLM.Edge.Metering;

/// <summary>
/// Space kept aside beside the ledger, so that what runs when the disk fills up can still be closed. Released for the first
/// closing that finds no room, taken back when there is room again. While it is not taken no new work is taken on.
/// </summary>
internal sealed class DiskReserve(string ledgerPath)
{
    /// <summary>Enough for the checkpoints and receipts of a full queue, several times over, and for the log's growth.</summary>
    internal const long SizeBytes = 4 << 20;

    private readonly string _path = ledgerPath + ".reserve";

    /// <summary>True while the space is set aside.</summary>
    public bool IsTaken { get; private set; }

    /// <summary>Takes the space if it isn't taken yet and the disk has room for it; otherwise does nothing.</summary>
    public void Take()
    {
        try
        {
            using var file = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.Write);
            // Random, so that a file system that compresses doesn't give the room away.
            var noise = new byte[64 * 1024];
            Random.Shared.NextBytes(noise);
            file.Position = file.Length;
            while (file.Position < SizeBytes)
            {
                file.Write(noise);
            }

            IsTaken = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No room: admission will say so. A part of a reserve is of no use.
            Release();
        }
    }

    /// <summary>Gives the space to whoever writes next; false if there was none.</summary>
    public bool Release()
    {
        var wasTaken = IsTaken;
        IsTaken = false;
        try
        {
            File.Delete(_path);
            return wasTaken;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
