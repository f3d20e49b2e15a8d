using System.Buffers.Binary;

namespace OffLM.Edge.Metering;

/// <summary>
/// Compares what each caller has spent with the sum of the caller's fees. Both are taken up to the newest receipt of one moment, so that
/// receipts appended during the check don't count.
/// </summary>
internal sealed class CreditCheck
{
    private readonly CheckContext _context;
    private readonly Dictionary<string, Account> _accounts = [];
    private readonly ulong _newest;
    private bool _incomplete;

    public CreditCheck(CheckContext context)
    {
        _context = context;
        context.Connection.Execute("BEGIN");
        try
        {
            var rows = context.Connection.Prepare("SELECT caller, spent, crc FROM credit");
            while (rows.Step())
            {
                var (caller, spent) = (rows.Text(0), rows.Blob(1));
                if (rows.Integer(2) == Ledger.SpentChecksum(caller, spent))
                {
                    Of(caller).Spent = BinaryPrimitives.ReadUInt128BigEndian(spent);
                }
                else
                {
                    Of(caller).IsDamaged = true;
                }
            }

            var newest = context.Connection.Prepare("SELECT coalesce(max(sequence), 0) FROM receipts");
            newest.Step();
            _newest = (ulong)newest.Integer(0);
            newest.Reset();
        }
        finally
        {
            context.Connection.Execute("COMMIT");
        }
    }

    public void Count(StoredReceipt row)
    {
        if (row.Sequence > _newest)
        {
            return;
        }

        if (row.Damage is not null)
        {
            Incomplete();
        }
        else if (row.Receipt is null)
        {
            Of(row.Caller).HasCollapsed = true;
        }
        else if (row.Receipt.Fee != 0)
        {
            Of(row.Caller).Fees += row.Receipt.Fee;
        }
    }

    /// <summary>Some receipt can't be read, so that the sums may fall short.</summary>
    public void Incomplete() => _incomplete = true;

    public void Compare()
    {
        foreach (var (caller, account) in _accounts)
        {
            var problem = account switch
            {
                { IsDamaged: true } => "its checksum doesn't hold",
                _ when (_incomplete || account.HasCollapsed) && account.Spent >= account.Fees => null,
                _ when account.Spent == account.Fees => null,
                _ => $"it says {account.Spent} atto are spent, the receipts say {account.Fees}",
            };
            if (problem is not null)
            {
                _context.Add(LedgerPart.Credit, 0, caller, problem, "it is added up again from the receipts", Remedy.RecountSpent);
            }
        }
    }

    private Account Of(string caller)
    {
        if (!_accounts.TryGetValue(caller, out var account))
        {
            _accounts.Add(caller, account = new Account());
        }

        return account;
    }

    private sealed class Account
    {
        public UInt128 Spent { get; set; }

        public UInt128 Fees { get; set; }

        public bool HasCollapsed { get; set; }

        public bool IsDamaged { get; set; }
    }
}
