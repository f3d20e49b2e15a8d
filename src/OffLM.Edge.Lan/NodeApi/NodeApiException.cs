using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Ends a request to the node's API with an error.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What was wrong, what was expected, what to do.</param>
internal sealed class NodeApiException(int status, string message) : Exception(message)
{
    public int Status => status;

    public static NodeApiException BadRequest(string message) => new(StatusCodes.Status400BadRequest, message);

    public static NodeApiException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}
