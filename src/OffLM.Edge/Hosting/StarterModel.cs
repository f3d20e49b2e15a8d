namespace OffLM.Edge.Hosting;

/// <summary>Puts the model that the program ships with into an empty model folder, so that a first start can answer.</summary>
internal static class StarterModel
{
    /// <summary>Where the published program keeps it.</summary>
    public static string ShippedFolder => Path.Combine(AppContext.BaseDirectory, "models");

    /// <summary>Copies the shipped models if the folder has none; a copy cut off by a power cut is not taken for a model.</summary>
    /// <returns>The names of the models that were put there.</returns>
    /// <exception cref="CommandException">The folder can't be written.</exception>
    public static IReadOnlyList<string> Install(string modelsFolder)
    {
        try
        {
            Directory.CreateDirectory(modelsFolder);
            if (!Directory.Exists(ShippedFolder) || Directory.EnumerateDirectories(modelsFolder).Any(d => !Path.GetFileName(d).StartsWith('.')))
            {
                return [];
            }

            return [.. Directory.EnumerateDirectories(ShippedFolder).Select(source => Copy(source, modelsFolder))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The model folder {modelsFolder} can't be written: {e.Message}", e);
        }
    }

    private static string Copy(string source, string modelsFolder)
    {
        var name = Path.GetFileName(source);
        var partial = Path.Combine(modelsFolder, ".partial-starter-" + name);
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Directory.CreateDirectory(partial);
        foreach (var file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
        }

        Directory.Move(partial, Path.Combine(modelsFolder, name));
        return name;
    }
}
