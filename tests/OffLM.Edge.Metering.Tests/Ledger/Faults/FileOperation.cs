namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

internal enum FileAction
{
    Create,
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
}

/// <summary>One thing that SQLite asked of the disk.</summary>
/// <param name="Action">What.</param>
/// <param name="File">The file's name without its folder.</param>
/// <param name="Offset">Where, for reads and writes; the new size for a truncation; 1 for a deletion that is synced.</param>
/// <param name="Data">What was written; empty otherwise.</param>
internal sealed record FileOperation(FileAction Action, string File, long Offset, byte[] Data);
