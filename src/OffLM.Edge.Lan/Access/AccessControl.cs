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
        var rights = context.GetEndpoint()?.Metadata.GetMetadata<EndpointRights>();
        if (rights == EndpointRights.Everybody)
        {
            return next(context);
        }

        // Only pages of lan.origins, and the node's own, may read answers; a key doesn't change that. A page of another origin that has a
        // key fails at its preflight, which a browser sends before every Authorization header. Programs, which send none, are not concerned.
        if (_rules.IsListedOrigin(context.Request))
        {
            context.Response.Headers.AccessControlAllowOrigin = context.Request.Headers.Origin;
            context.Response.Headers.AccessControlExposeHeaders = "Offlm-Receipt, Retry-After";
            context.Response.Headers.Append("Vary", "Origin");
        }

        if (HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0)
        {
            return AnswerPreflightAsync(context);
        }

        var refusal = PresentedKey.Read(context.Request) is { } presented && !IsPlaceholder(context, presented)
            ? IdentifyByKey(context, presented, out var caller)
            : IdentifyByAddress(context, out caller);
        if (refusal is null && rights == EndpointRights.Admin && caller!.Scope != Scope.Admin)
        {
            refusal = AccessRefusal.Forbidden("This needs an API key of admin scope, or a request from the node's own machine.", "admin_required");
        }

        if (refusal is not null)
        {
            return refusal.WriteAsync(context);
        }

        context.SetCaller(caller!);
        return next(context);
    }

    /// <summary>
    /// Most client libraries insist on a key, so people write "ollama" or "none" where none is needed. Where none is, what doesn't even look like
    /// one of ours is passed over; one that does is checked as anywhere.
    /// </summary>
    private bool IsPlaceholder(HttpContext context, PresentedKey presented) =>
        presented is { SentByBrowser: false, Secret: { } secret }
        && !secret.StartsWith(ApiKeyStore.Prefix, StringComparison.Ordinal)
        && OpenCaller(context) is not null;

    private AccessRefusal? IdentifyByKey(HttpContext context, PresentedKey presented, out Caller? caller)
    {
        caller = null;
        var remote = RemoteAddress(context);
        if (_failures.Wait(remote) is { } wait)
        {
            return AccessRefusal.TooManyWrongKeys(wait);
        }

        // The store looks a key up by its hash: how long that takes tells nothing about how much of a guess was right.
        var key = presented.Secret is { } secret ? _node.Keys.Find(secret) : null;
        if (key is null or { RevokedAt: not null })
        {
            _failures.Add(remote);
            return AccessRefusal.WrongKey(
                key is not null ? "This API key was revoked. Ask the node's owner for another."
                : presented.Secret is null ? "The Authorization header holds no API key. Send 'Authorization: Bearer KEY', or the key as the password of Basic."
                : "This API key is not known here. Check it, or ask the node's owner for one (offlm-edge apikey add). Programs on the node itself may leave it out.");
        }

        // A browser repeats Basic credentials for whichever page asks, so that page is looked at as on open access.
        if (presented.SentByBrowser && _rules.OriginProblem(context.Request) is { } problem)
        {
            return AccessRefusal.Forbidden(problem, "origin_not_allowed");
        }

        caller = Caller.Of(key);
        return null;
    }

    private AccessRefusal? IdentifyByAddress(HttpContext context, out Caller? caller)
    {
        caller = OpenCaller(context);
        if (caller is null)
        {
            return AccessRefusal.KeyNeeded("An API key is needed: send 'Authorization: Bearer KEY'. The node's owner makes one with 'offlm-edge apikey add'.");
        }

        if (ControlSocket.IsUsedBy(context))
        {
            return null;
        }

        return _rules.HostProblem(context.Request) is { } host ? AccessRefusal.Forbidden(host, "host_not_allowed")
            : _rules.OriginProblem(context.Request) is { } origin ? AccessRefusal.Forbidden(origin, "origin_not_allowed")
            : null;
    }

    /// <summary>Who calls without a key; null where one is needed.</summary>
    private Caller? OpenCaller(HttpContext context) => ControlSocket.IsUsedBy(context) ? Caller.Household : RemoteAddress(context) switch
    {
        { } remote when _options.TrustLoopback && IPAddress.IsLoopback(remote) => Caller.Household,
        { } remote when _options.Open.Any(network => network.Contains(remote)) => Caller.Guest,
        _ => null,
    };

    /// <summary>A preflight carries no credentials, so it is answered by origin alone.</summary>
    private Task AnswerPreflightAsync(HttpContext context)
    {
        if (!_rules.IsListedOrigin(context.Request) && !BrowserRules.IsSameOrigin(context.Request))
        {
            return AccessRefusal.Forbidden("Pages of this origin may not use this node. Add it to lan.origins to allow it.", "origin_not_allowed").WriteAsync(context);
        }

        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, POST, DELETE";
        headers.AccessControlAllowHeaders = context.Request.Headers.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static IPAddress? RemoteAddress(HttpContext context) =>
        context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : context.Connection.RemoteIpAddress;
}
