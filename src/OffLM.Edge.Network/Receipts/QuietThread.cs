using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Network.Receipts;

/// <summary>
/// One thread for reading and encoding, which gives way to whatever computes answers: Linux schedules it at nice 10, about a tenth
/// of a processor where all are busy, a whole one where one is idle.
/// </summary>
internal sealed partial class QuietThread : IDisposable
{
    private const int Niceness = 10;
    private const int OfThread = 0;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public QuietThread(string name)
    {
        _thread = new Thread(Loop) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs a piece of work after those given before.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        // Who awaits goes on elsewhere: this thread is for this work only.
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Ends the thread after the work that was given.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    /// <summary>Of who = 0 Linux takes the calling thread, not its process: setpriority(2), NOTES. Where it is refused, nothing is lost but quiet.</summary>
    [LibraryImport("libc")]
    private static partial int setpriority(int which, uint who, int niceness);

    private void Loop()
    {
        _ = setpriority(OfThread, 0, Niceness);
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
