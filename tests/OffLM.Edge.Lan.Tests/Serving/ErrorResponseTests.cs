using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Tests.Serving;

public sealed class ErrorResponseTests
{
    [Theory]
    [InlineData(RefusalReason.InvalidRequest, 400, null)]
    [InlineData(RefusalReason.ContextExceeded, 400, "context_length_exceeded")]
    [InlineData(RefusalReason.ModelNotFound, 404, "model_not_found")]
    [InlineData(RefusalReason.ModelNotAllowed, 403, "model_not_allowed")]
    [InlineData(RefusalReason.ModelDamaged, 503, "model_damaged")]
    [InlineData(RefusalReason.ModelUnavailable, 503, "model_unavailable")]
    [InlineData(RefusalReason.RateLimited, 429, "rate_limit_exceeded")]
    [InlineData(RefusalReason.CreditExhausted, 402, "credit_exhausted")]
    [InlineData(RefusalReason.AlreadyTaken, 409, "idempotency_key_in_use")]
    [InlineData(RefusalReason.Overloaded, 503, "overloaded")]
    [InlineData(RefusalReason.LedgerUnavailable, 503, "ledger_unavailable")]
    [InlineData(RefusalReason.NotServing, 503, "not_serving")]
    public void Every_refusal_has_its_status_and_every_503_a_time_to_wait(RefusalReason reason, int status, string? code)
    {
        var error = ErrorResponse.From(new RefusedException(reason, "why"));

        Assert.Equal((status, code, "why"), (error.Status, error.Code, error.Message));
        Assert.Equal(status == 503, error.RetryAfter is not null);
    }

    [Fact]
    public void No_reason_is_without_a_status_of_its_own() =>
        Assert.All(Enum.GetValues<RefusalReason>(), reason => Assert.True(
            ErrorResponse.From(new RefusedException(reason, "")) is { Code: not null } || reason == RefusalReason.InvalidRequest));

    [Fact]
    public void An_unexpected_error_tells_nothing() => Assert.Null(ErrorResponse.From(new InvalidOperationException("secret")));
}
