using OffLM.Edge.Board.Boards;
using OffLM.Edge.Configuration;
using OffLM.Edge.Inference;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Commands;

/// <summary>Tries the execution providers that models would be computed with.</summary>
internal static class ProviderFindings
{
    public static IReadOnlyList<Finding> Look(EdgeSettings settings)
    {
        try
        {
            InferenceLibraries.Folder = settings.Libraries;
            List<Finding> findings = [];
            foreach (var (provider, problem) in ProviderLadder.Try(ProviderOrder.Of(settings.Board.ChooseBoard(), settings.Providers)))
            {
                findings.Add(problem is null
                    ? new(Grade.Good, "providers", $"{provider} can compute models.")
                    : new(Grade.Note, "providers", $"{provider} can't be used, what comes after it is: {problem.TrimEnd('.')}. docs/accelerators.md says what it needs."));
            }

            return findings;
        }
        catch (Exception e) when (e is ModelLoadException or BoardException)
        {
            // Missing libraries and boards have findings of their own.
            return [];
        }
    }
}
