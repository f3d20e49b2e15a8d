using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using Xunit.Abstractions;

namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>
/// A power cut at every instant of a short life of a ledger. Whatever the disk then holds, the ledger opens, is sound, and is as it was
/// before or after the one operation that was under way.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly int[] Seeds = [1, 2];

    [Fact]
    public async Task After_a_power_cut_at_any_instant_the_ledger_is_as_before_or_after_the_operation_under_way()
    {
        using var vfs = new FaultyVfs();
        using var folder = new TempFolder();
        var script = new Script(folder.File("ledger.db"), vfs);
        await script.RunAsync();

        var (disk, step, checkedStates, seen) = (new CrashedDisk(), 0, 0, new HashSet<string>());
        var log = vfs.Log;
        for (var i = 0; i <= log.Length; i++)
        {
            if (i > 0)
            {
                disk.Apply(log[i - 1]);
            }

            while (step + 1 < script.Steps.Count && script.Steps[step + 1].Acknowledged <= i)
            {
                step++;
                seen.Clear();
            }

            foreach (var state in disk.States(Seeds).Where(state => seen.Add(Fingerprint(state))))
            {
                var after = await OpenAsync(state);
                var (before, next) = (script.Steps[step], script.Steps[Math.Min(step + 1, script.Steps.Count - 1)]);
                Assert.True(
                    after == before.Ledger || after == next.Ledger,
                    $"Cut after operation {i} of {log.Length}, between '{before.Name}' and '{next.Name}', with {string.Join(", ", state.Select(f => $"{f.Key}: {f.Value.Length}"))}.\n"
                    + $"The last operations were {string.Join(", ", log[Math.Max(0, i - 20)..i].Select(o => $"{o.Action} {o.File} {o.Offset} +{o.Data.Length}"))}.\nFound:\n{after}\nBefore:\n{before.Ledger}\nAfter:\n{next.Ledger}");
                checkedStates++;
            }
        }

        output.WriteLine($"{checkedStates} states of {log.Length} operations");
        Assert.InRange(log.Length, 200, int.MaxValue);
        Assert.InRange(checkedStates, 500, int.MaxValue);
        Assert.Equal(script.Steps.Count - 1, step);
    }

    /// <summary>Puts the files into a folder, opens the ledger as a start does, and says what is in it.</summary>
    private static async Task<string> OpenAsync(Dictionary<string, byte[]> files)
    {
        using var folder = new TempFolder(inMemory: true);
        foreach (var (name, content) in files)
        {
            await File.WriteAllBytesAsync(folder.File(name), content);
        }

        return await DescribeAsync(folder.File("ledger.db"));
    }

    private static async Task<string> DescribeAsync(string path)
    {
        using var ledger = Ledger.Open(path, new ManualTime());
        await ledger.RecoverAsync();
        var report = LedgerCheck.Full(path);
        Assert.True(report.IsSound, string.Join('\n', report.Findings));

        using var reader = ledger.Read();
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{reader.Summary()} {await ledger.PendingIntentAsync()}");
        foreach (var r in reader.From(1))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{r.Sequence} {r.Request} {r.Caller} {r.Leaf}");
        }

        foreach (var b in reader.Batches(1))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{b.Batch} {b.Signature} {b.State} {b.Reason}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"{reader.Outbox()} {reader.RollbackEvidence()} {string.Join(' ', reader.AcceptedRollbacks())}");

        foreach (var tariff in Script.Tariffs)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{reader.Tariff(Signing.TypedStructs.TypedStruct.Hash(tariff))}");
        }

        return text.ToString();
    }

    private static string Fingerprint(Dictionary<string, byte[]> state)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, content) in state.OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name} {content.Length} "));
            hash.AppendData(content);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>What had been acknowledged when so many disk operations were done, and what the ledger then holds after a start.</summary>
    private sealed record Step(string Name, int Acknowledged, string Ledger);

    /// <summary>The short life: everything a ledger does at least once.</summary>
    private sealed class Script(string path, FaultyVfs vfs)
    {
        public static readonly Tariff[] Tariffs = [TestLedger.Paid, Tariff.Free];

        public List<Step> Steps { get; } = [];

        public async Task RunAsync()
        {
            Steps.Add(new("nothing", 0, await OpenAsync([])));
            var ledger = Ledger.Open(path, new ManualTime(), vfs.Name);
            await DoneAsync("open");
            await LiveAsync(ledger);

            // A second start: the log is folded back by the closing, and begins anew.
            ledger.Dispose();
            await DoneAsync("close");
            ledger = Ledger.Open(path, new ManualTime(), vfs.Name);
            await ledger.BeginBootAsync();
            await DoneAsync("second boot");
            await ServeAsync(ledger, 9);
            await RollBackAsync(ledger);
            ledger.Dispose();
            await DoneAsync("close again");
        }

        /// <summary>The network has other batches than the last one here.</summary>
        private async Task RollBackAsync(Ledger ledger)
        {
            using var collector = TestLedger.TestKey();
            var settled = new Acknowledgement { Node = collector.Address, Batch = 5, BatchHash = Keccak256.Hash([5]), Verdict = Verdict.Settled };
            var signature = await collector.SignAsync(TypedDomain.TestNetwork.Digest(Signing.TypedStructs.TypedStruct.Hash(settled)), default);
            await SignAsync(ledger);
            Assert.Equal(
                EvidenceResult.Recorded,
                await ledger.RecordRollbackEvidenceAsync(settled, signature, collector.Address, TypedDomain.TestNetwork, 7, 5000));
            await DoneAsync("evidence");
            Assert.NotNull(await ledger.AcceptRollbackAsync(6000));
            await DoneAsync("accepted");
            await ServeAsync(ledger, 8);
            Assert.Equal(6ul, (await SignAsync(ledger)).Batch.Batch);
        }

        private async Task LiveAsync(Ledger ledger)
        {
            foreach (var tariff in Tariffs)
            {
                await ledger.AddTariffAsync(tariff);
                await DoneAsync("tariff");
            }

            await ledger.BeginBootAsync();
            await DoneAsync("boot");
            var running = await ledger.HoldAsync(NewHold(1), creditLimit: 5000);
            await DoneAsync("hold");
            await ledger.CheckpointAsync([TestLedger.At(running, 3, "one two three")]);
            await DoneAsync("checkpoint");
            await ServeAsync(ledger, 2);
            await ledger.CheckpointAsync([TestLedger.At(running, 5, "one two three four five")]);
            await DoneAsync("second checkpoint");
            await ServeAsync(ledger, 3);
            var first = await SignAsync(ledger);
            Assert.Equal(1, await ledger.MarkSentAsync([1], 1500));
            await DoneAsync("sent");
            await ledger.ResolveAsync(1, first.Hash, BatchState.Refused, "gap", 1600);
            await DoneAsync("refused");
            Assert.Equal(1, await ledger.ReopenRefusedAsync(null, 1700));
            await DoneAsync("open again");
            await ledger.AppendAsync(running.Request, TestLedger.End(6));
            await DoneAsync("append of the long one");
            await ledger.ResolveAsync(1, first.Hash, BatchState.Settled, "", 2000);
            await DoneAsync("settled");
            await SignAsync(ledger);
            Assert.Equal(2, await ledger.CollapseAsync(before: 3000));
            await DoneAsync("collapse");
            Assert.True(await ledger.ForgetAsync(running.Request));
            await DoneAsync("forget");
            await ledger.HoldAsync(NewHold(4));
            await DoneAsync("hold left running");
        }

        private async Task ServeAsync(Ledger ledger, byte number)
        {
            var hold = await ledger.HoldAsync(NewHold(number));
            await DoneAsync($"hold {number}");
            var receipt = await ledger.AppendAsync(hold.Request, TestLedger.End(number));
            await DoneAsync($"append {number}");
            Assert.Contains($"{receipt.Sequence} {receipt.Request}", Steps[^1].Ledger);
        }

        private async Task<StoredBatch> SignAsync(Ledger ledger)
        {
            using var key = TestLedger.TestKey();
            var batch = (await ledger.PrepareBatchAsync(new(key.Address, KeyClass.KeyFile, 0, 1000, ClockSource.NetworkTime, 1, TypedDomain.TestNetwork)))!;
            await DoneAsync("prepare");
            var signature = await key.SignAsync(TypedDomain.TestNetwork.Digest(Signing.TypedStructs.TypedStruct.Hash(batch)), default);
            var stored = await ledger.StoreBatchAsync(batch, signature, TypedDomain.TestNetwork);
            await DoneAsync("store");
            return stored;
        }

        /// <summary>Notes that the operation was acknowledged, and what a start makes of the files as they are now.</summary>
        private async Task DoneAsync(string name)
        {
            var files = Directory.GetFiles(Path.GetDirectoryName(path)!)
                .Where(f => f.EndsWith(".db", StringComparison.Ordinal) || f.EndsWith("-wal", StringComparison.Ordinal))
                .ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes);
            Steps.Add(new(name, vfs.Count, await OpenAsync(files)));
        }

        private static Hold NewHold(byte number) => new()
        {
            Request = Keccak256.Hash([number]),
            Caller = "alice",
            Payer = TypedDomain.TestContract,
            Tariff = Signing.TypedStructs.TypedStruct.Hash(TestLedger.Paid),
            PromptTokens = 10,
            TokenLimit = 100,
            ExecutionRecord = """{"seed":1}""",
            StartedAt = 1_700_000_000_000,
            Boot = 1,
        };
    }
}
