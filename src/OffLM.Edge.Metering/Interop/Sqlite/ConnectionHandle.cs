using System.Runtime.InteropServices;

namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>A <c>sqlite3*</c>.</summary>
internal sealed class ConnectionHandle : SafeHandle
{
    public ConnectionHandle(nint database)
        : base(0, ownsHandle: true) => SetHandle(database);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => NativeMethods.sqlite3_close_v2(handle) == NativeMethods.Ok;
}
