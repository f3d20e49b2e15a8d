using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace OffLM.Edge;

/// <summary>Logs to standard error: with priorities under systemd, in plain lines elsewhere. Never a word of a prompt. One file, compiled into each program.</summary>
internal static class Logging
{
    public static ILoggerFactory Create() => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);

        // A start that fails, for example because the port is in use, is told once and without a stack trace: by the command.
        builder.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 })
        {
            builder.AddSystemdConsole();
        }
        else
        {
            builder.AddSimpleConsole(format =>
            {
                format.SingleLine = true;
                format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                format.UseUtcTimestamp = true;
                format.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    });
}
