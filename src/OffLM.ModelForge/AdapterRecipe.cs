namespace OffLM.ModelForge;

/// <summary>A LoRA adapter for a forged model whose recipe is <see cref="ModelRecipe.Adaptable"/>.</summary>
/// <param name="Base">The model's recipe.</param>
/// <param name="Name">The adapter's part of its name, which is <c>base:adapter</c>.</param>
public sealed record AdapterRecipe(ModelRecipe Base, string Name)
{
    /// <summary>The inner dimension of each pair of matrices.</summary>
    public int Rank { get; init; } = 4;

    /// <summary>Decides every weight.</summary>
    public ulong Seed { get; init; }

    /// <summary>The name in the manifest and in API answers.</summary>
    public string FullName => $"{Base.Name}:{Name}";
}
