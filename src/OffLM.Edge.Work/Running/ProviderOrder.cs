using OffLM.Edge.Board.Boards;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Work.Running;

/// <summary>Which execution providers are tried for models, and with which settings.</summary>
public static class ProviderOrder
{
    /// <param name="board">Says both.</param>
    /// <param name="names">The owner's order, which wins; each has the board's settings still. Null for the board's.</param>
    public static IReadOnlyList<ProviderRung> Of(BoardFile? board, IReadOnlyList<string>? names)
    {
        List<ProviderRung> rungs = [];
        foreach (var provider in board?.Providers ?? [])
        {
            rungs.Add(new ProviderRung(provider.Name, provider.Options));
        }

        return names is null
            ? rungs
            : names.ToList().ConvertAll(name => rungs.Find(r => r.Name == name) ?? new ProviderRung(name, new Dictionary<string, string>()));
    }
}
