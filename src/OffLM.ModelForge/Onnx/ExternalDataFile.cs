namespace OffLM.ModelForge.Onnx;

/// <summary>
/// The file beside the graph that holds large tensors, so that they can be mapped into memory.
/// Tensors are produced in pieces and never held whole.
/// </summary>
internal sealed class ExternalDataFile : IDisposable
{
    /// <summary>ONNX external data asks for page alignment, so that a tensor can be mapped by itself.</summary>
    private const int Alignment = 4096;

    private const int PieceBytes = 64 * 1024;

    private readonly FileStream _file;
    private readonly byte[] _piece = new byte[PieceBytes];

    public ExternalDataFile(string path)
    {
        Location = Path.GetFileName(path);
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
    }

    /// <summary>The file's name as the graph refers to it.</summary>
    public string Location { get; }

    /// <summary>Appends a tensor and tells where it begins.</summary>
    /// <param name="bytes">Length of the tensor.</param>
    /// <param name="fill">Called for one piece after another; every piece but the last is a multiple of 8 bytes long.</param>
    public long Append(long bytes, TensorFill fill)
    {
        var offset = (_file.Position + Alignment - 1) / Alignment * Alignment;
        _file.Position = offset;
        for (var left = bytes; left > 0;)
        {
            var piece = _piece.AsSpan(0, (int)Math.Min(left, PieceBytes));
            fill(piece);
            _file.Write(piece);
            left -= piece.Length;
        }

        return offset;
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();
}
