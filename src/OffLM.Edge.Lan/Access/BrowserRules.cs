using System.Net;
using Microsoft.AspNetCore.Http;

namespace OffLM.Edge.Lan.Access;

/// <summary>
/// Keeps web pages of others from using a household's open access through its browsers: by a name that points here (DNS rebinding), or by
/// a request across sites.
/// </summary>
internal sealed class BrowserRules(LanOptions options)
{
    /// <summary>Why the <c>Host</c> header is not allowed on open access; null if it is.</summary>
    public string? HostProblem(HttpRequest request)
    {
        var host = request.Host.Host.TrimEnd('.');
        return IsAddress(host) || IsOwnName(host) || options.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase)
            ? null
            : "Without an API key this node answers to its address, to localhost, to its own name, and to the names in lan.hosts. Use one of these, or send a key.";
    }

    /// <summary>Why a browser's request comes from the wrong page; null if it doesn't, or comes from no browser.</summary>
    public string? OriginProblem(HttpRequest request)
    {
        if (request.Headers.Origin.Count > 0)
        {
            return IsSameOrigin(request) || IsListedOrigin(request)
                ? null
                : "This request comes from a web page of another origin. Add that origin to lan.origins to allow it.";
        }

        // A link followed from elsewhere is harmless; images, scripts and frames that others' pages include are not wanted.
        // https://www.w3.org/TR/fetch-metadata/
        var crossSite = request.Headers["Sec-Fetch-Site"] == "cross-site";
        var followedLink = HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";
        return crossSite && !followedLink ? "This request comes from a web page of another site." : null;
    }

    /// <summary>True if the page that asks is in <c>lan.origins</c>.</summary>
    public bool IsListedOrigin(HttpRequest request) =>
        request.Headers.Origin is [{ } origin] && options.Origins.Any(o => string.Equals(o.TrimEnd('/'), origin, StringComparison.OrdinalIgnoreCase));

    /// <summary>True if the page that asks came from this server. The scheme is not compared: a proxy in front may add TLS.</summary>
    public static bool IsSameOrigin(HttpRequest request) =>
        request.Headers.Origin is [{ } origin]
        && Uri.TryCreate(origin, UriKind.Absolute, out var page)
        && page.Scheme is "http" or "https"
        && string.Equals(page.Host, request.Host.Host, StringComparison.OrdinalIgnoreCase)
        && page.Port == (request.Host.Port ?? (page.Scheme == "https" ? 443 : 80));

    private static bool IsAddress(string host) => host.StartsWith('[')
        ? IPAddress.TryParse(host.Trim('[', ']'), out _)
        : host.Count(c => c == '.') == 3 && IPAddress.TryParse(host, out _);

    private static bool IsOwnName(string host)
    {
        const string mdns = ".local";
        var name = host.EndsWith(mdns, StringComparison.OrdinalIgnoreCase) ? host[..^mdns.Length] : host;
        return string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || string.Equals(name, Environment.MachineName, StringComparison.OrdinalIgnoreCase);
    }
}
