using System.Runtime.InteropServices;

namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>A <c>sqlite3_stmt*</c>.</summary>
internal sealed class StatementHandle : SafeHandle
{
    public StatementHandle(nint statement)
        : base(0, ownsHandle: true) => SetHandle(statement);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        // The result repeats the error of the last step, which was reported then.
        _ = NativeMethods.sqlite3_finalize(handle);
        return true;
    }
}
