using System.Reflection;

namespace OffLM.ModelForge.Tests;

/// <summary>Where the build fetched the native libraries to.</summary>
internal static class Natives
{
    public static string Folder { get; } =
        typeof(Natives).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "NativesFolder").Value!;
}
