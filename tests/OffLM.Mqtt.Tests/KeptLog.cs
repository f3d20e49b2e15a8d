using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OffLM.Mqtt.Tests;

/// <summary>Keeps warnings and errors.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _complaints = new();

    public IReadOnlyCollection<string> Complaints => _complaints;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            _complaints.Enqueue(formatter(state, exception) + (exception is null ? "" : $" ({exception.Message})"));
        }
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
