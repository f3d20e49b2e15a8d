using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>What went wrong, before it takes the form of one API.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Message">What is wrong and what to do; holds no text of the request.</param>
/// <param name="Type">OpenAI's class of error, for example <c>invalid_request_error</c>.</param>
/// <param name="Code">A word for programs, for example <c>model_not_found</c>; null for none.</param>
/// <param name="Parameter">The request's field at fault; null for none.</param>
/// <param name="RetryAfter">When asking again may help; null if it won't by itself.</param>
internal sealed record ErrorResponse(
    int Status, string Message, string Type, string? Code = null, string? Parameter = null, TimeSpan? RetryAfter = null)
{
    public const string InvalidRequestType = "invalid_request_error";
    public const string ServerErrorType = "server_error";
    private const string ModelDamagedCode = "model_damaged";

    /// <summary>What a caller is told about an unexpected failure: nothing of it.</summary>
    public static ErrorResponse Internal { get; } =
        new(StatusCodes.Status500InternalServerError, "Something went wrong inside the node. Its log says what.", ServerErrorType, "internal_error");

    /// <summary>The response for an error that a caller can be told; null for any other.</summary>
    public static ErrorResponse? From(Exception error) => error switch
    {
        ApiException known => known.Response,
        RefusedException refusal => From(refusal),
        ModelNotFoundException => new(StatusCodes.Status404NotFound, error.Message, InvalidRequestType, "model_not_found", "model"),
        ModelDamagedException => new(
            StatusCodes.Status503ServiceUnavailable, error.Message, ServerErrorType, ModelDamagedCode, "model", TimeSpan.FromMinutes(1)),
        ModelPullException => new(StatusCodes.Status502BadGateway, error.Message, ServerErrorType, "pull_failed", "model"),
        BadHttpRequestException bad => From(bad),
        _ => null,
    };

    /// <summary>A refusal with its status.</summary>
    public static ErrorResponse From(RefusedException refusal)
    {
        var (status, type, code) = refusal.Reason switch
        {
            RefusalReason.InvalidRequest => (StatusCodes.Status400BadRequest, InvalidRequestType, null),
            RefusalReason.ContextExceeded => (StatusCodes.Status400BadRequest, InvalidRequestType, "context_length_exceeded"),
            RefusalReason.ModelNotFound => (StatusCodes.Status404NotFound, InvalidRequestType, "model_not_found"),
            RefusalReason.ModelNotAllowed => (StatusCodes.Status403Forbidden, "permission_error", "model_not_allowed"),
            RefusalReason.ModelDamaged => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, ModelDamagedCode),
            RefusalReason.ModelUnavailable => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, "model_unavailable"),
            RefusalReason.RateLimited => (StatusCodes.Status429TooManyRequests, "rate_limit_error", "rate_limit_exceeded"),
            RefusalReason.CreditExhausted => (StatusCodes.Status402PaymentRequired, "insufficient_quota", "credit_exhausted"),
            RefusalReason.AlreadyTaken => (StatusCodes.Status409Conflict, InvalidRequestType, "idempotency_key_in_use"),
            RefusalReason.Overloaded => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, "overloaded"),
            RefusalReason.LedgerUnavailable => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, "ledger_unavailable"),
            RefusalReason.TooHot => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, "too_hot"),
            RefusalReason.NotServing => (StatusCodes.Status503ServiceUnavailable, ServerErrorType, "not_serving"),
            _ => (StatusCodes.Status500InternalServerError, ServerErrorType, (string?)null),
        };
        var retryAfter = status == StatusCodes.Status503ServiceUnavailable ? refusal.RetryAfter ?? TimeSpan.FromSeconds(5) : refusal.RetryAfter;
        return new(status, refusal.Message, type, code, refusal.Parameter, retryAfter);
    }

    /// <summary>What ended an answer after it was admitted; null if it ended as it should.</summary>
    public static ErrorResponse? From(CompletedAnswer completed) => completed.Receipt.Outcome switch
    {
        Outcome.EngineError => new(
            StatusCodes.Status500InternalServerError,
            $"The model failed: {completed.Result.Error ?? "the engine gave no reason"}",
            ServerErrorType,
            "engine_error"),
        Outcome.Interrupted or Outcome.Cancelled => new(
            StatusCodes.Status503ServiceUnavailable,
            "The node shut down before the answer was complete. Ask again in a while.",
            ServerErrorType,
            "interrupted",
            RetryAfter: TimeSpan.FromSeconds(5)),
        _ => null,
    };

    private static ErrorResponse From(BadHttpRequestException bad) => bad.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => new(bad.StatusCode, $"The request is too large for this node. {bad.Message}", InvalidRequestType, "request_too_large"),
        StatusCodes.Status408RequestTimeout => new(bad.StatusCode, "The request's body came too slowly. Send it again.", InvalidRequestType, "request_timeout"),
        _ => new(StatusCodes.Status400BadRequest, "The request's body ended early or is not valid HTTP.", InvalidRequestType, "bad_request"),
    };
}
