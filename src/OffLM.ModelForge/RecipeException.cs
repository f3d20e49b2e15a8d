namespace OffLM.ModelForge;

/// <summary>A recipe that no model can be made from. The message names the dimension and its allowed range.</summary>
public sealed class RecipeException(string message) : Exception(message);
