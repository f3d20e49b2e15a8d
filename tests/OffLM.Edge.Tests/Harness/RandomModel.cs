using OffLM.ModelForge;

namespace OffLM.Edge.Tests.Harness;

/// <summary>A tiny model with random weights under the name of the one that ships with the program.</summary>
internal static class RandomModel
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Writes it into a state directory that has no models yet.</summary>
    public static void PutInto(string state)
    {
        var models = Path.Combine(state, "models");
        if (!Directory.Exists(models))
        {
            Directory.CreateDirectory(state, OwnerOnly);
            Forge.Write(Path.Combine(models, "starter"), ModelRecipe.Tiny with { Name = "starter" });
        }
    }
}
