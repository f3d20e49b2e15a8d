using System.Text;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>
/// Asks the node and sends the answer. Nothing leaves before the request's hold is durable, text counts as delivered once its flush
/// completed, and the end leaves once the receipt is durable.
/// </summary>
internal sealed class AnswerDelivery(Node node, ReaderPatience patience)
{
    /// <summary>Answers one HTTP request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="text">How calls are found in the text.</param>
    /// <param name="formatOf">How this answer is written.</param>
    /// <exception cref="RefusedException">The request is not taken; nothing was sent.</exception>
    public async Task RunAsync(HttpContext context, WorkRequest request, AnswerText text, Func<IAnswer, IAnswerFormat> formatOf)
    {
        await using var answer = await node.AskAsync(context.Caller(), request, context.RequestAborted);
        context.Response.Headers[ReceiptJson.Header] = answer.Request.ToString();
        var format = formatOf(answer);
        if (request.Streaming)
        {
            await StreamAsync(context, answer, text, format);
        }
        else
        {
            await SendWholeAsync(context, answer, text, format);
        }
    }

    private async Task StreamAsync(HttpContext context, IAnswer answer, AnswerText text, IAnswerFormat format)
    {
        var response = context.Response;
        response.ContentType = format.Framing.ContentType;
        response.Headers.CacheControl = "no-cache";
        using var chunks = new ChunkWriter(context, format.Framing, patience);
        var pending = new PendingPieces(answer);

        // Sent at once: a client may have to wait long for a place, and learns the receipt's name meanwhile.
        await response.StartAsync(context.RequestAborted);
        format.WriteBegin(chunks);
        if (!await chunks.SendAsync())
        {
            return;
        }

        await foreach (var piece in answer.ReadAsync(context.RequestAborted))
        {
            pending.Add(piece);
            if (!await SendAsync(text.Append(piece.Text)))
            {
                return;
            }
        }

        if (context.RequestAborted.IsCancellationRequested || !await SendAsync(text.Finish()))
        {
            return;
        }

        pending.Deliver();
        await EndAsync(chunks, answer, text, format);

        async ValueTask<bool> SendAsync(IReadOnlyList<AnswerPart> parts)
        {
            if (parts.Count == 0)
            {
                return true;
            }

            foreach (var part in parts)
            {
                format.WritePart(chunks, part, pending.TakeLogprobs());
            }

            if (!await chunks.SendAsync())
            {
                return false;
            }

            if (!text.IsHolding)
            {
                pending.Deliver();
            }

            return true;
        }
    }

    private static async Task EndAsync(ChunkWriter chunks, IAnswer answer, AnswerText text, IAnswerFormat format)
    {
        CompletedAnswer? completed = null;
        ErrorResponse? error;
        try
        {
            completed = await answer.CompleteAsync();
            error = ErrorResponse.From(completed);
        }
        catch (RefusedException e)
        {
            error = ErrorResponse.From(e);
        }

        if (error is null)
        {
            format.WriteEnd(chunks, completed!, text.HasCalls);
        }
        else
        {
            format.WriteError(chunks.BeginChunk(), error, completed);
            chunks.EndChunk();
        }

        chunks.EndStream();
        await chunks.SendAsync();
    }

    private static async Task SendWholeAsync(HttpContext context, IAnswer answer, AnswerText text, IAnswerFormat format)
    {
        var content = new StringBuilder();
        var calls = new List<ToolCall>();
        var pending = new PendingPieces(answer);
        await foreach (var piece in answer.ReadAsync(context.RequestAborted))
        {
            Collect(text.Append(piece.Text));
            pending.Add(piece);
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        Collect(text.Finish());
        pending.Deliver();
        var completed = await answer.CompleteAsync();
        if (ErrorResponse.From(completed) is { } error)
        {
            await Guard.WriteAsync(context, format, error, completed);
            return;
        }

        var whole = new WholeAnswer(content.ToString(), calls, pending.TakeLogprobs(), completed);
        await JsonResponse.WriteAsync(context, json => format.WriteWhole(json, whole));

        void Collect(IReadOnlyList<AnswerPart> parts)
        {
            foreach (var part in parts)
            {
                content.Append(part.Text);
                if (part.Call is { } call)
                {
                    calls.Add(call);
                }
            }
        }
    }
}
