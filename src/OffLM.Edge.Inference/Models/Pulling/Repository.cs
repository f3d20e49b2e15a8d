using System.Net;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>The addresses and the file list of one revision of a repository in Hugging Face's layout.</summary>
internal sealed class Repository(HttpClient http, PullRequest request)
{
    /// <summary>A terabyte: no file of a model's is larger, and all of a list can be added up.</summary>
    private const long MostBytes = 1L << 40;

    private readonly string _source = request.Source.AbsoluteUri.TrimEnd('/');
    private readonly string _repository = Escape(request.Repository);
    private readonly string _revision = Uri.EscapeDataString(request.Revision);

    internal Uri AddressOf(RepositoryFile file) => new($"{_source}/{_repository}/resolve/{_revision}/{Escape(file.RemotePath)}");

    /// <summary>The model's files; files whose name begins with a dot are the repository's own business.</summary>
    /// <exception cref="ModelPullException">There is no such repository, or its list is not what was expected.</exception>
    internal async Task<IReadOnlyList<RepositoryFile>> ListAsync(CancellationToken cancellationToken)
    {
        List<RepositoryFile> files = [];
        var next = new Uri($"{_source}/api/models/{_repository}/tree/{_revision}?recursive=true");
        while (next is not null)
        {
            using var response = await http.GetAsync(next, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new PullAttemptException(
                    $"The file list of {request.Repository} ({request.Revision}) at {request.Source} can't be read: {Describe(response.StatusCode)}.",
                    response.StatusCode, response.Headers.RetryAfter?.Delta);
            }

            Read(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), files);
            next = NextPage(response, next);
        }

        return files;
    }

    internal static string Describe(HttpStatusCode status) => status switch
    {
        HttpStatusCode.NotFound => "the server has no such repository, revision or file (404)",
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"the server wants credentials for it ({(int)status})",
        _ => $"the server answered {(int)status}",
    };

    /// <summary>Long lists come in pages: <c>Link: &lt;address&gt;; rel="next"</c> (RFC 8288).</summary>
    private static Uri? NextPage(HttpResponseMessage response, Uri current)
    {
        var link = response.Headers.TryGetValues("Link", out var links)
            ? links.SelectMany(l => l.Split(',')).FirstOrDefault(l => l.Contains("rel=\"next\"", StringComparison.Ordinal))
            : null;
        var address = link?.Split('<', '>').ElementAtOrDefault(1);
        return address is null ? null : new Uri(current, address);
    }

    private void Read(byte[] json, List<RepositoryFile> files)
    {
        var prefix = request.Subfolder.Length == 0 ? "" : request.Subfolder.Trim('/') + "/";
        try
        {
            using var document = JsonDocument.Parse(json);
            foreach (var entry in document.RootElement.EnumerateArray())
            {
                var remotePath = entry.GetProperty("path").GetString()!;
                if (entry.GetProperty("type").GetString() != "file" || !remotePath.StartsWith(prefix, StringComparison.Ordinal))
                {
                    continue;
                }

                var path = ManifestFormat.CheckPath(remotePath[prefix.Length..]);
                if (!path.Split('/').Any(p => p.StartsWith('.')))
                {
                    files.Add(ReadFile(entry, remotePath, path));
                }
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelPullException($"{request.Source} does not list {request.Repository} in the expected form: {e.Message}", e);
        }
    }

    private static RepositoryFile ReadFile(JsonElement entry, string remotePath, string path)
    {
        var large = entry.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
        var size = (large ? lfs : entry).GetProperty("size").GetInt64() is >= 0 and <= MostBytes and var bytes
            ? bytes
            : throw new JsonException($"{remotePath} has no size that a file can have");
        var digest = large ? lfs.GetProperty("oid").GetString()!.ToLowerInvariant() : null;
        return new RepositoryFile(remotePath, path, size, digest?.Split(':')[^1]);
    }

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
