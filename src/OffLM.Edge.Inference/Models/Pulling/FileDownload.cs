using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace OffLM.Edge.Inference;

/// <summary>Fetches one file, going on where an earlier attempt stopped.</summary>
internal sealed class FileDownload(HttpClient http, Uri address, RepositoryFile file, string target, TimeProvider clock)
{
    private const string PartSuffix = ".part";
    private const int BufferBytes = 128 * 1024;

    /// <summary>A server that sends nothing for so long is taken for lost.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(60);

    private readonly string _part = target + PartSuffix;

    /// <summary>Bytes that are here already.</summary>
    internal long Present => Size(target) ?? Math.Min(Size(_part) ?? 0, file.Bytes);

    /// <returns>The file's SHA-256.</returns>
    /// <exception cref="PullAttemptException">It broke off, or is not what the list says.</exception>
    internal async Task<string> FetchAsync(Action<long> progress, CancellationToken cancellationToken)
    {
        if (file.Sha256 is not null && Size(target) == file.Bytes)
        {
            var digest = await DigestAsync(target, cancellationToken).ConfigureAwait(false);
            if (file.Sha256 == digest)
            {
                progress(file.Bytes);
                return digest;
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Delete(target);
        if (file.Sha256 is null)
        {
            // Nothing would tell whether what an earlier pull left, or a second half of it, fits what the server has now; these files are small.
            File.Delete(_part);
        }

        await ReceiveAsync(progress, cancellationToken).ConfigureAwait(false);
        return await AcceptAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task ReceiveAsync(Action<long> progress, CancellationToken cancellationToken)
    {
        await using var part = new FileStream(_part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, BufferBytes, useAsync: true);
        if (part.Length > file.Bytes)
        {
            part.SetLength(0);
        }

        if (part.Length == file.Bytes)
        {
            return;
        }

        using var alive = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var silence = clock.CreateTimer(_ => alive.Cancel(), null, Silence, Timeout.InfiniteTimeSpan);
        using var message = new HttpRequestMessage(HttpMethod.Get, address);
        if (part.Length > 0)
        {
            message.Headers.Range = new RangeHeaderValue(part.Length, null);
        }

        using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, alive.Token).ConfigureAwait(false);
        Continue(part, response);
        await using var body = await response.Content.ReadAsStreamAsync(alive.Token).ConfigureAwait(false);
        var buffer = new byte[BufferBytes];
        int count;
        while ((count = await body.ReadAsync(buffer, alive.Token).ConfigureAwait(false)) > 0)
        {
            silence.Change(Silence, Timeout.InfiniteTimeSpan);
            if (part.Position + count > file.Bytes)
            {
                throw new PullAttemptException($"{file.RemotePath} is longer than the {file.Bytes} bytes that the list says.");
            }

            await part.WriteAsync(buffer.AsMemory(0, count), alive.Token).ConfigureAwait(false);
            progress(part.Position);
        }

        await part.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (part.Position < file.Bytes)
        {
            throw new PullAttemptException($"The connection ended after {part.Position} of {file.Bytes} bytes of {file.RemotePath}.");
        }

        part.Flush(flushToDisk: true);
    }

    /// <summary>Positions the file where the server begins: not every server continues.</summary>
    private void Continue(FileStream part, HttpResponseMessage response)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange?.From == part.Length:
                part.Position = part.Length;
                break;
            case HttpStatusCode.OK:
                part.SetLength(0);
                break;
            case HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.PartialContent:
                part.SetLength(0);
                throw new PullAttemptException($"The server does not continue {file.RemotePath} where it broke off; it is fetched from its beginning.");
            default:
                throw new PullAttemptException(
                    $"{file.RemotePath} can't be fetched: {Repository.Describe(response.StatusCode)}.",
                    response.StatusCode, response.Headers.RetryAfter?.Delta);
        }
    }

    private async Task<string> AcceptAsync(CancellationToken cancellationToken)
    {
        var digest = await DigestAsync(_part, cancellationToken).ConfigureAwait(false);
        if (file.Sha256 is not null && digest != file.Sha256)
        {
            File.Delete(_part);
            throw new PullAttemptException($"{file.RemotePath} arrived with SHA-256 {digest}; the list says {file.Sha256}.");
        }

        File.Move(_part, target, overwrite: true);
        return digest;
    }

    private static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
    }

    private static long? Size(string path) => new FileInfo(path) is { Exists: true } found ? found.Length : null;
}
