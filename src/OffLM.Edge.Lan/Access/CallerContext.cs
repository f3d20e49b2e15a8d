using Microsoft.AspNetCore.Http;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Access;

/// <summary>Who makes a request, as <see cref="AccessControl"/> found.</summary>
internal static class CallerContext
{
    private static readonly object CallerKey = new();

    /// <exception cref="InvalidOperationException">The request did not pass access control.</exception>
    public static Caller Caller(this HttpContext context) =>
        context.Items[CallerKey] as Caller ?? throw new InvalidOperationException($"{context.Request.Path} was reached without access control.");

    public static void SetCaller(this HttpContext context, Caller caller) => context.Items[CallerKey] = caller;
}
