using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Ends a request with this response.</summary>
internal sealed class ApiException(ErrorResponse response, Exception? inner = null) : Exception(response.Message, inner)
{
    public ErrorResponse Response => response;

    /// <summary>A request that can't be understood or honoured.</summary>
    public static ApiException BadRequest(string message, string? parameter = null, string? code = null) =>
        new(new ErrorResponse(StatusCodes.Status400BadRequest, message, ErrorResponse.InvalidRequestType, code, parameter));

    /// <summary>A request that this version has no answer for at all.</summary>
    public static ApiException NotImplemented(string message) =>
        new(new ErrorResponse(StatusCodes.Status501NotImplemented, message, ErrorResponse.InvalidRequestType, "not_implemented"));
}
