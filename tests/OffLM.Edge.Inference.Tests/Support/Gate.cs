namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>Holds threads of the tested code until the test lets them go, which it does at the latest when it ends.</summary>
internal sealed class Gate : IDisposable
{
    private readonly ManualResetEventSlim _open = new();

    public bool IsOpen => _open.IsSet;

    public void Open() => _open.Set();

    public void Pass()
    {
        if (!_open.Wait(TimeSpan.FromSeconds(60)))
        {
            throw new TimeoutException("The test did not open its gate.");
        }
    }

    public void Dispose() => Open();
}
