using System.Security.Cryptography;
using System.Text;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A model folder with a manifest that is right, and files that no engine reads.</summary>
internal static class FakeModel
{
    public static string Write(string folder, string name, string content = "weights")
    {
        Directory.CreateDirectory(Path.Combine(folder, "onnx"));
        var files = new Dictionary<string, ModelFile>();
        foreach (var (path, text) in new[] { ("genai_config.json", "{}"), ("onnx/model.onnx", content) })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            File.WriteAllBytes(Path.Combine(folder, path), bytes);
            files[path] = new ModelFile(Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.Length);
        }

        File.WriteAllBytes(
            Path.Combine(folder, ModelManifest.FileName),
            ManifestFormat.Write(new ModelManifest { Name = name, Files = files, License = "MIT", Context = 2048, Capabilities = ["completion"] }));
        return folder;
    }
}
