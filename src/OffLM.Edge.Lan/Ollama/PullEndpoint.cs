using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>POST /api/pull</c>: fetches a model and tells how far it is. For administrators.</summary>
internal sealed partial class PullEndpoint(Node node, Uri? source, ReaderPatience patience)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var name = ModelField.Read(body.Fields);
        var streaming = body.Fields.Flag("stream") ?? true;
        var request = RequestOf(name);
        if (streaming)
        {
            await StreamAsync(context, request);
            return;
        }

        await Pull(context, request).Completion;
        await JsonResponse.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", "success");
            json.WriteEndObject();
        });
    }

    /// <summary>Where a name leads: <c>owner/repository</c>, perhaps a folder in it, perhaps <c>:revision</c>.</summary>
    internal PullRequest RequestOf(string name)
    {
        if (source is null)
        {
            throw ApiException.BadRequest("This node has no server to pull from. Set inference.source to one.", "model");
        }

        if (NamePattern().Match(name) is not { Success: true } match || name.Contains("..", StringComparison.Ordinal))
        {
            throw ApiException.BadRequest("'model' must be owner/repository, perhaps followed by a folder and by :revision.", "model");
        }

        var revision = match.Groups["revision"].Value;
        return new PullRequest(
            source,
            match.Groups["repository"].Value,
            revision is "" or "latest" ? "main" : revision,
            match.Groups["folder"].Value.Trim('/'));
    }

    private async Task StreamAsync(HttpContext context, PullRequest request)
    {
        context.Response.ContentType = ChunkFraming.Lines.ContentType;
        using var chunks = new ChunkWriter(context, ChunkFraming.Lines, patience);
        WriteStatus(chunks, "pulling manifest");
        await chunks.SendAsync();
        var pull = Pull(context, request);
        await foreach (var report in pull.ReadAsync())
        {
            WriteProgress(chunks, report);

            // Once the client is gone the pull ends by itself, and with it the reports.
            await chunks.SendAsync();
        }

        try
        {
            await pull.Completion;
            WriteStatus(chunks, "verifying sha256 digest");
            WriteStatus(chunks, "writing manifest");
            WriteStatus(chunks, "success");
        }
        catch (Exception e) when (ErrorResponse.From(e) is { } error)
        {
            PlainErrorFormat.Instance.WriteError(chunks.BeginChunk(), error, null);
            chunks.EndChunk();
        }

        await chunks.SendAsync();
    }

    private ModelPull Pull(HttpContext context, PullRequest request) => ModelPull.Start(node.Store, request, patience.Time, context.RequestAborted);

    private static void WriteStatus(ChunkWriter chunks, string status)
    {
        var json = chunks.BeginChunk();
        json.WriteStartObject();
        json.WriteString("status", status);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    private static void WriteProgress(ChunkWriter chunks, in PullProgress report)
    {
        const int ShownDigits = 12;
        var json = chunks.BeginChunk();
        json.WriteStartObject();
        json.WriteString("status", $"pulling {(report.Sha256 is { Length: >= ShownDigits } sha256 ? sha256[..ShownDigits] : report.File)}");
        json.WriteString("digest", report.Sha256 is { } digest ? $"sha256:{digest}" : report.File);
        json.WriteNumber("total", report.FileTotal);
        json.WriteNumber("completed", report.FileCompleted);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    [GeneratedRegex("^(?:hf\\.co/|huggingface\\.co/)?(?<repository>[A-Za-z0-9][\\w.-]*(?:/[A-Za-z0-9][\\w.-]*)?)(?<folder>(?:/[A-Za-z0-9][\\w.-]*)*)(?::(?<revision>[A-Za-z0-9][\\w.-]*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex NamePattern();
}
