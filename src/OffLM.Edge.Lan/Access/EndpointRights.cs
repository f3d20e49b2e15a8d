using Microsoft.AspNetCore.Builder;

namespace OffLM.Edge.Lan.Access;

/// <summary>Who may call an endpoint, where that is not "every known caller". <see cref="AccessControl"/> enforces it.</summary>
internal sealed class EndpointRights
{
    /// <summary>Callers of admin scope only.</summary>
    public static readonly EndpointRights Admin = new();

    /// <summary>Everybody, known or not, from wherever: must tell nothing about anybody.</summary>
    public static readonly EndpointRights Everybody = new();

    private EndpointRights()
    {
    }
}

/// <summary>Marks endpoints with the rights that they need.</summary>
internal static class EndpointRightsExtensions
{
    /// <summary>Keys of use scope, and guests, are refused with 403.</summary>
    public static TBuilder RequireAdmin<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithRights(EndpointRights.Admin);

    /// <summary>No key, host or origin is checked, and the endpoint learns no caller.</summary>
    public static TBuilder OpenToEverybody<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithRights(EndpointRights.Everybody);

    private static TBuilder WithRights<TBuilder>(this TBuilder endpoint, EndpointRights rights)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(rights));
        return endpoint;
    }
}
