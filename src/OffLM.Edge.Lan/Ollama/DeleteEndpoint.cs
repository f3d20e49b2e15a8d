using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>DELETE /api/delete</c>: removes a model from memory and from the store. For administrators.</summary>
internal sealed class DeleteEndpoint(Node node)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var model = VisibleModels.FindToRemove(node, context.Caller(), ModelField.Read(body.Fields));
        if (node.Models.Loaded.Any(l => l.Model.Id == model.Id && l.Leases > 0))
        {
            throw new ApiException(new ErrorResponse(
                StatusCodes.Status409Conflict,
                $"The model {model.Name} is answering a request. Try again when it is done.",
                ErrorResponse.InvalidRequestType,
                "model_in_use",
                "model"));
        }

        await node.Models.UnloadAsync(model.Id);
        node.Store.Remove(model);
    }
}
