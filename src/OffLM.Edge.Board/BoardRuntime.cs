using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Energy;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Governing;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board;

/// <summary>A board at work: reads its sensors ten times a second and keeps it cool. Members are thread-safe, but for <see cref="Tick"/>.</summary>
public sealed class BoardRuntime : IDisposable
{
    /// <summary>How often everything is read and decided; what the energy's integral and the pace are worth.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>No governed temperature for so long, and sensors are lost.</summary>
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(3);

    /// <summary>What a tick covers at most, seconds. After a longer pause the machine was asleep, and nobody knows what it drew.</summary>
    private const double LongestTick = 1;

    private readonly OpenBoard _open;
    private readonly BoardOptions _options;
    private readonly TimeProvider _time;
    private readonly string _handbackFile;
    private readonly Func<double> _load;
    private readonly FanProfile? _profile;
    private readonly FanDriver? _fan;
    private readonly Governor _governor;
    private readonly Lock _gate = new();
    private readonly ManualResetEventSlim _stop = new();
    private Thread? _thread;
    private long _tickedAt;
    private long _seenAt;
    private ClockLever? _lever;
    private string? _modeProblem;
    private double _pace = 1;
    private volatile bool _isCritical;
    private bool _disposed;

    private BoardRuntime(OpenBoard open, BoardOptions options, string stateFolder, Func<double> load, TimeProvider time)
    {
        (_open, _options, _time, _load) = (open, options, time, load);
        _handbackFile = HandbackFile(stateFolder);
        _profile = Sensors.Board.Fan is { } rules ? FanProfile.Get(options.Fan ?? rules.Profile) : null;
        _governor = new Governor(Sensors, options.Watts);
        Energy = new EnergyMeter(Sensors.Board.Thermal?.IdleWatts, time);
        History = new PowerHistory(options.Price, time);
        _fan = _profile is not null && Sensors.Fan is { } fan ? new FanDriver(fan, Sensors.Board.Fan!, time) : null;
        _tickedAt = _seenAt = time.GetTimestamp();
        Sensors.Read();
        Energy.Begin(Sensors.TotalMilliwatts);
    }

    /// <summary>What it is and has.</summary>
    public BoardFile Board => Sensors.Board;

    /// <summary>The simulator, where the board is a simulated one.</summary>
    public Simulation.SimulatedBoard? Simulation => _open.Simulation;

    /// <summary>True while no temperature can be read on a board that has some.</summary>
    public bool SensorsAreLost { get; private set; }

    /// <summary>Share of time that may be spent computing, 0 to 1. Cheap: it is asked between two tokens.</summary>
    public double Pace => Volatile.Read(ref _pace);

    /// <summary>Why no request is taken now; null if requests are.</summary>
    public string? Refusal => _isCritical
        ? "The board is too hot to compute. It takes requests again when it has cooled down; see that it gets air."
        : null;

    /// <summary>When asking again may help, while <see cref="Refusal"/> says no.</summary>
    public static TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Where the energy of answers is counted.</summary>
    public EnergyMeter Energy { get; }

    /// <summary>Where power figures come from.</summary>
    public PowerSource PowerSource => Sensors.PowerSource;

    private PowerHistory History { get; }

    private BoardSensors Sensors => _open.Sensors;

    /// <summary>Finds the board and takes its fan, if there is one to take.</summary>
    /// <param name="options">What the owner says about it.</param>
    /// <param name="stateFolder">Where it is noted what to put back.</param>
    /// <param name="load">Asked at each tick: the share of the time since the last question that was spent computing, 0 to 1.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="BoardException">There is no board of that name, or its file can't be used.</exception>
    /// <exception cref="IOException">The state folder can't be written.</exception>
    public static BoardRuntime Open(BoardOptions options, string stateFolder, Func<double> load, TimeProvider time)
    {
        // What a killed process took is put back first, so that what is noted now is the system's own.
        Release(stateFolder);
        var open = OpenBoard.Open(options, NameOf(stateFolder), time);
        try
        {
            var runtime = new BoardRuntime(open, options, stateFolder, load, time);
            runtime.Take();
            return runtime;
        }
        catch
        {
            open.Dispose();
            throw;
        }
    }

    /// <summary>Looks at the board without taking anything, also while a node runs on this state directory.</summary>
    /// <exception cref="BoardException">There is no board of that name, or its file can't be used.</exception>
    public static OpenBoard Look(BoardOptions options, string stateFolder, TimeProvider time) => OpenBoard.Attach(options, NameOf(stateFolder), time);

    /// <summary>Puts back what a process that was killed took from the system.</summary>
    /// <returns>What was put back; empty if nothing was taken.</returns>
    public static IReadOnlyList<string> Release(string stateFolder) =>
        Handback.Read(HandbackFile(stateFolder))?.Restore(HandbackFile(stateFolder)) ?? [];

    /// <summary>Ticks from now on, on a thread of its own: reading a sensor may wait for its chip.</summary>
    public void Start()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "board" };
        _thread.Start();
    }

    /// <summary>Reads everything, and decides anew. Allocates nothing.</summary>
    public void Tick()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var seconds = Math.Min(_time.GetElapsedTime(_tickedAt, now).TotalSeconds, LongestTick);
            if (seconds <= 0 || _disposed)
            {
                return;
            }

            _tickedAt = now;
            var load = _load();
            _open.Simulation?.Advance(load);
            Sensors.Read();
            NoteLoss(now);
            DriveFan(seconds);
            Govern(load, seconds);
            Energy.Add(Sensors.TotalMilliwatts, seconds);
            History.Add(Sensors, Sensors.HottestCelsius, _pace, seconds);
        }
    }

    /// <summary>The board now.</summary>
    public BoardReport Report()
    {
        lock (_gate)
        {
            return BoardReport.Of(Sensors);
        }
    }

    /// <summary>The board's whole state, for the node API and metrics.</summary>
    public BoardStatus Status()
    {
        lock (_gate)
        {
            return new BoardStatus(
                BoardReport.Of(Sensors), Board.Title, PowerSource, _pace, Reason(), Refusal, Energy.MeasuredJoules, Energy.AttributedJoules, Energy.IdleWatts,
                _options.Watts, _fan?.IsHeld == true, _fan?.ForeignWrites ?? 0, SensorsAreLost, SensorFaults.Of(Sensors), History.Today, History.Yesterday,
                _options.Price is null ? null : _options.Currency, History.Steps);
        }
    }

    /// <summary>What needs a person, in sentences; empty when all is well.</summary>
    public IReadOnlyList<string> Problems()
    {
        lock (_gate)
        {
            return [.. Sentences()];
        }
    }

    /// <summary>Stops, and gives everything back to the system.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread?.Join();
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            Handback.Read(_handbackFile)?.Restore(_handbackFile);
            _open.Dispose();
            _stop.Dispose();
        }
    }

    private static string HandbackFile(string stateFolder) => Path.Combine(stateFolder, "board.json");

    /// <summary>The same for the same state directory, so that what a killed process left is found.</summary>
    private static string NameOf(string stateFolder)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in Path.GetFullPath(stateFolder))
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Take()
    {
        _modeProblem = _options.PowerMode is not { } mode ? null
            : Sensors.PowerModes is { } modes ? modes.TrySet(mode)
            : $"The power mode {mode} can't be set: this board has no /etc/nvpmodel.conf.";
        var before = _fan?.Before() ?? new Handback();
        if (Sensors.Gpu is { Steps.Count: > 1, Cap: { } cap } gpu && cap == gpu.Steps[^1])
        {
            // Somebody else's lower cap is left alone: it has a reason.
            before = before with { Cap = gpu.CapPath, CapBefore = cap };
            _lever = new ClockLever(gpu, cap / 1e6);
        }

        if (_fan is not null || _lever is not null)
        {
            before.Write(_handbackFile);
            _fan?.Take();
        }
    }

    private void Govern(double load, double seconds)
    {
        _governor.Step(load, SensorsAreLost, seconds);
        _isCritical = _governor.IsCritical;
        Volatile.Write(ref _pace, _governor.Pace);
        if (_lever?.Step(_governor.Pace, load > 0.9 * _governor.Pace, seconds) is { } ratio && ratio != 1)
        {
            _governor.Load.ClocksChange(ratio);
        }
    }

    private string? Reason() =>
        _isCritical ? "critical temperature"
        : SensorsAreLost ? "sensors are lost"
        : _governor.IsLimitedByHeat ? "temperature limit"
        : _governor.IsLimitedByPower ? "power budget"
        : null;

    private void Run()
    {
        while (!_stop.Wait(Interval))
        {
            Tick();
        }
    }

    private void NoteLoss(long now)
    {
        if (!double.IsNaN(Sensors.WorstMargin) || !Sensors.HasGovernedZones)
        {
            _seenAt = now;
        }

        SensorsAreLost = _time.GetElapsedTime(_seenAt, now) >= LostAfter;
    }

    private void DriveFan(double seconds)
    {
        if (_fan is null)
        {
            return;
        }

        // For a moment without a reading the fan stays as it is.
        if (!double.IsNaN(Sensors.WorstMargin) || SensorsAreLost)
        {
            var isQuiet = _options.QuietHours is { } hours && hours.Contains(TimeOnly.FromDateTime(_time.GetLocalNow().DateTime));
            _fan.Step(isQuiet ? FanProfile.Night : _profile!, Sensors.WorstMargin, seconds);
        }
    }

    private IEnumerable<string> Sentences()
    {
        if (SensorsAreLost)
        {
            yield return "No temperature can be read any more: the fan runs at full speed and answers come at half pace. Look at 'offlm-edge doctor'.";
        }

        if (Refusal is { } refusal)
        {
            yield return refusal;
        }

        if (_modeProblem is { } mode)
        {
            yield return mode;
        }

        if (_options.Watts is not null && PowerSource == PowerSource.None)
        {
            yield return "The power budget (board.watts) can't be held: this board has no power sensor.";
        }

        if (_fan?.Problem is { } fan)
        {
            yield return fan;
        }
    }
}
