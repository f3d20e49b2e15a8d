namespace OffLM.Edge.Inference;

/// <summary>How far a pull is; all figures are bytes.</summary>
/// <param name="File">The file being fetched.</param>
/// <param name="FileCompleted">How much of it is here.</param>
/// <param name="FileTotal">Its size.</param>
/// <param name="Completed">How much of all files is here.</param>
/// <param name="Total">The size of all files.</param>
/// <param name="Sha256">The file's digest if the server names it.</param>
public readonly record struct PullProgress(string File, long FileCompleted, long FileTotal, long Completed, long Total, string? Sha256);
