namespace OffLM.Edge.Metering.Documents;

/// <summary>What was asked for can't be exported; the message says why and what can.</summary>
public sealed class ExportException(string message) : Exception(message);
