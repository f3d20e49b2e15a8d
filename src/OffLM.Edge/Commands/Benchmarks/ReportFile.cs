using System.Buffers;
using System.Text.Json;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Commands.Benchmarks;

/// <summary>The signed hardware report: the figures, what machine this is, and the node's signature over their hash.</summary>
internal static class ReportFile
{
    /// <summary>Opens the node's key, before minutes are spent on measuring. A key is only ever made by a node's start.</summary>
    /// <exception cref="CommandException">It isn't there or can't be opened.</exception>
    public static async Task<ISigningKey> OpenKeyAsync(EdgeSettings settings, StateDirectory state, CardPinKeeper pins, CancellationToken cancellation)
    {
        var uri = settings.KeyUriIn(state.Root);
        try
        {
            if (uri.Class == KeyClass.SmartCard)
            {
                return await SmartCardKey.OpenAsync(uri.Location, UsbCards.Open, pins, cancellation);
            }

            var password = !File.Exists(uri.Location) ? throw new CommandException($"There is no key at {uri} to sign the report with. The node makes one at its first start.")
                : KeyPassword.Find(uri.Location) ?? throw new CommandException(
                    $"The key file {uri.Location} needs its password: give it as the systemd credential '{KeyPassword.CredentialName}' or in {KeyPassword.EnvironmentVariable}.");
            return KeyFile.Open(uri.Location, password.Value);
        }
        catch (KeyUnavailableException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    /// <summary>Signs and writes.</summary>
    /// <exception cref="CommandException">The key can't sign.</exception>
    public static async Task WriteAsync(
        string path, BenchFigures figures, ISigningKey key, EdgeSettings settings, StateDirectory state, CancellationToken cancellation)
    {
        var clock = new NodeClock(TimeProvider.System);
        var (now, source) = clock.Now();
        var report = Document(json => WriteReport(json, figures));
        var signed = new HardwareReport { Node = key.Address, Report = HardwareReport.HashOf(report), MeasuredAt = now, Clock = source };
        var domain = TypedDomain.Receipts(settings.ChainId, settings.Contract);
        var digest = domain.Digest(TypedStruct.Hash(signed));
        try
        {
            // The ledger explains what a card has signed.
            using var ledger = File.Exists(state.Ledger) ? Ledger.Open(state.Ledger, TimeProvider.System) : null;
            var signature = ledger is null
                ? await key.SignAsync(digest, cancellation)
                : await new BatchSealer(ledger, domain, boot: 0, clock.Now).SignAsync(key, digest, cancellation);
            var document = Document(json => signed.Write(json, domain, signature, report.Span));
            await File.WriteAllBytesAsync(path, document, cancellation);
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerRolledBackException)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static void WriteReport(Utf8JsonWriter json, BenchFigures figures)
    {
        json.WriteStartObject();
        json.WriteString("software", ProgramVersion.Text);
        json.WriteString("processor", Processor());
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteNumber("memoryBytes", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        figures.Write(json);
        json.WriteEndObject();
    }

    private static string Processor()
    {
        const string Key = "model name";
        try
        {
            var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal)) ?? "";
            return line.Split(':', 2) is [_, var name] ? name.Trim() : File.ReadAllText("/proc/device-tree/model").TrimEnd('\0');
        }
        catch (IOException)
        {
            return "unknown";
        }
    }

    private static ReadOnlyMemory<byte> Document(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            write(json);
        }

        return buffer.WrittenMemory;
    }
}
