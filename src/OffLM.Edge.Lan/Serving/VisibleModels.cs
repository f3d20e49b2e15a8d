using OffLM.Edge.Inference;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The models in the store, as far as a caller may use them.</summary>
internal static class VisibleModels
{
    public static IReadOnlyList<StoredModel> List(Node node, Caller caller) => [.. node.Store.List().Where(m => Allows(caller, m.Name))];

    /// <exception cref="ModelNotFoundException">There is none of this name.</exception>
    /// <exception cref="RefusedException">The caller's key may not use it.</exception>
    public static StoredModel Find(Node node, Caller caller, string name)
    {
        var model = node.Store.Find(name);
        return Allows(caller, name) || Allows(caller, model.Name)
            ? model
            : throw new RefusedException(RefusalReason.ModelNotAllowed, "This key may not use this model.", parameter: "model");
    }

    /// <summary>True if the caller may use the model of this name.</summary>
    public static bool Allows(Caller caller, string name) => caller.Key is not { } key || key.Allows(name);
}
