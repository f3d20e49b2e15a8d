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
    public static StoredModel Find(Node node, Caller caller, string name) => Allowed(caller, name, node.Store.Find(name));

    /// <summary>The same for a model that is to be deleted, and may be damaged.</summary>
    public static StoredModel FindToRemove(Node node, Caller caller, string name) => Allowed(caller, name, node.Store.FindToRemove(name));

    /// <summary>True if the caller may use the model of this name.</summary>
    public static bool Allows(Caller caller, string name) => caller.Key is not { } key || key.Allows(name);

    private static StoredModel Allowed(Caller caller, string name, StoredModel model) => Allows(caller, name) || Allows(caller, model.Name)
        ? model
        : throw new RefusedException(RefusalReason.ModelNotAllowed, "This key may not use this model.", parameter: "model");
}
