using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Fetches a model and tells how far it is, one JSON object a line. A client that goes away interrupts it; the next pull goes on.</summary>
internal sealed class PullEndpoint(Node node, Uri? defaultSource)
{
    public static void Map(IEndpointRouteBuilder routes, Node node, LanOptions options, NodeHandler handler)
    {
        var endpoint = new PullEndpoint(node, options.ModelSource);
        routes.MapPost("/node/v1/models/pull", handler.Around(endpoint.PullAsync)).RequireAdmin();
    }

    private async Task PullAsync(HttpContext context)
    {
        var request = RequestOf(await NodeRequest.BodyAsync(context, NodeJson.Default.PullView));

        var pull = ModelPull.Start(node.Store, request, TimeProvider.System, context.RequestAborted);
        if (!await pull.BeginsAsync())
        {
            // It ended before it began: while nothing was sent, an error still has its own status.
            await pull.Completion;
        }

        context.Response.ContentType = "application/x-ndjson";
        await foreach (var figures in pull.ReadAsync())
        {
            await WriteLineAsync(context, new PullLine("pulling")
            {
                File = figures.File,
                FileCompleted = figures.FileCompleted,
                FileTotal = figures.FileTotal,
                Completed = figures.Completed,
                Total = figures.Total,
            });
        }

        await WriteLineAsync(context, await LastLineAsync(pull.Completion));
    }

    private static async Task<PullLine> LastLineAsync(Task<StoredModel> pull)
    {
        try
        {
            return new PullLine("done") { Model = ModelEndpoints.ViewOf(await pull, loaded: false) };
        }
        catch (ModelPullException e)
        {
            return new PullLine("failed") { Error = e.Message };
        }
    }

    private static async Task WriteLineAsync(HttpContext context, PullLine line)
    {
        await context.Response.Body.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(line, NodeJson.Default.PullLine), (byte)'\n'], context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private PullRequest RequestOf(PullView asked)
    {
        if (string.IsNullOrWhiteSpace(asked.Repository))
        {
            throw NodeApiException.BadRequest("'repository' is missing: which model to pull, for example \"owner/name\".");
        }

        var source = asked.Source is null ? defaultSource : Uri.TryCreate(asked.Source, UriKind.Absolute, out var uri) ? uri : null;
        if (source is not { Scheme: "http" or "https" })
        {
            throw NodeApiException.BadRequest(asked.Source is null
                ? "This node has no model source. Give one in 'source', or set inference.source."
                : "'source' must be the http or https address of a server with models.");
        }

        return new PullRequest(source, asked.Repository, asked.Revision ?? "main", asked.Subfolder ?? "");
    }
}
