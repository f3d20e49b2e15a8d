using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using OffLM.Fleet.Reports;

namespace OffLM.Fleet.Commands;

/// <summary><c>watch</c>: a line for everything that happens, until Ctrl-C.</summary>
internal static class WatchCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var command = new Command("watch", "Show a line for each batch, incident and node that comes or goes, until Ctrl-C.");
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        using var database = FleetOptions.OpenReadOnly(result);
        var asJson = result.GetValue(FleetOptions.Json);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var watcher = new FleetWatcher(database);
        await Console.Error.WriteLineAsync($"watching {database.Path}");
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                foreach (var seen in watcher.Next())
                {
                    Console.WriteLine(asJson ? Line(seen) : $"{Times.Text(seen.At)}  {seen.Node}  {seen.Kind}  {seen.Text}".TrimEnd());
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static string Line(FleetEvent seen)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("at", seen.At);
            json.WriteString("node", seen.Node.ToString());
            json.WriteString("kind", seen.Kind);
            json.WriteString("text", seen.Text);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
