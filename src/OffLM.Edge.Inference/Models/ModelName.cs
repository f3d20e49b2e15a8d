namespace OffLM.Edge.Inference;

/// <summary>How models are called: <c>name</c> and <c>name:latest</c> are the same; case doesn't matter.</summary>
internal static class ModelName
{
    private const string DefaultTag = ":latest";

    internal static string Normalize(string name) =>
        name.EndsWith(DefaultTag, StringComparison.OrdinalIgnoreCase) ? name[..^DefaultTag.Length] : name;

    internal static bool AreSame(string a, string b) => string.Equals(Normalize(a), Normalize(b), StringComparison.OrdinalIgnoreCase);

    /// <summary>True if a model of this name would be in this folder.</summary>
    internal static bool IsFolderOf(string name, string folder) => name.Any(char.IsAsciiLetterOrDigit) && ToFolder(name) == folder;

    /// <summary>A folder name for a model: its name with everything but letters, digits, dots, dashes and underscores replaced.</summary>
    internal static string ToFolder(string name)
    {
        var characters = Array.ConvertAll(Normalize(name).ToCharArray(), c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-');
        var folder = new string(characters).TrimStart('.', '-');
        return folder.Length > 0 ? folder : throw new ArgumentException($"\"{name}\" can't be a model's name: it needs a letter or digit.");
    }
}
