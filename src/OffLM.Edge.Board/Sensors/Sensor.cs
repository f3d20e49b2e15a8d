using OffLM.Edge.Board.Sysfs;

namespace OffLM.Edge.Board.Sensors;

/// <summary>
/// One reading that is taken many times a second, and whether it can be believed. What can't be read or believed is absent, never
/// zero, and counted. Reading allocates nothing. Not thread-safe.
/// </summary>
public sealed class Sensor : IDisposable
{
    /// <summary>So long a reading may stand still while its surroundings move; a real sensor's last bit trembles within seconds.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly SysfsFile _file;
    private readonly SysfsFile? _factor;
    private readonly double _scale;
    private readonly double _minimum;
    private readonly double _maximum;
    private readonly TimeProvider _time;
    private readonly long[] _faults = new long[4];
    private double _raw = double.NaN;
    private long _rawSince;
    private double _lowestReference;
    private double _highestReference;

    /// <param name="name">Zone or rail.</param>
    /// <param name="file">Holds the reading.</param>
    /// <param name="factor">What the reading is multiplied with, where a chip gives volts and amperes; or null.</param>
    /// <param name="scale">From the file's unit to this sensor's.</param>
    /// <param name="minimum">Below this it lies.</param>
    /// <param name="maximum">Above this it lies.</param>
    /// <param name="time">For how long it has not moved.</param>
    internal Sensor(string name, SysfsFile file, SysfsFile? factor, double scale, double minimum, double maximum, TimeProvider time)
    {
        Name = name;
        _file = file;
        _factor = factor;
        _scale = scale;
        _minimum = minimum;
        _maximum = maximum;
        _time = time;
    }

    public string Name { get; }

    /// <summary>The last reading; NaN while absent.</summary>
    public double Value { get; private set; } = double.NaN;

    public bool IsPresent => Fault == SensorFault.None && !double.IsNaN(Value);

    /// <summary>Why it is absent now.</summary>
    public SensorFault Fault { get; private set; }

    /// <summary>How many readings were absent for this reason.</summary>
    public long Count(SensorFault fault) => Volatile.Read(ref _faults[(int)fault]);

    /// <summary>Takes a reading.</summary>
    /// <param name="reference">What the surroundings do; NaN if unknown.</param>
    /// <param name="swing">How far the reference moves before a reading that stands still is called frozen.</param>
    internal void Read(double reference, double swing)
    {
        Fault = Judge(out var value, reference, swing);
        Value = Fault == SensorFault.None ? value : double.NaN;
        _faults[(int)Fault]++;
    }

    public void Dispose()
    {
        _file.Dispose();
        _factor?.Dispose();
    }

    private SensorFault Judge(out double value, double reference, double swing)
    {
        value = double.NaN;
        long other = 1;
        if (!_file.TryRead(out var number) || (_factor is not null && !_factor.TryRead(out other)))
        {
            return SensorFault.Unreadable;
        }

        var raw = (double)number * other;
        value = raw * _scale;
        if (value < _minimum || value > _maximum)
        {
            return SensorFault.OutOfRange;
        }

        return HasFrozen(raw, reference, swing) ? SensorFault.Frozen : SensorFault.None;
    }

    private bool HasFrozen(double raw, double reference, double swing)
    {
        if (raw != _raw)
        {
            _raw = raw;
            _rawSince = _time.GetTimestamp();
            (_lowestReference, _highestReference) = (reference, reference);
            return false;
        }

        // A reference that was unknown at first begins to count when it is known.
        _lowestReference = double.IsNaN(_lowestReference) ? reference : Math.Min(_lowestReference, double.IsNaN(reference) ? _lowestReference : reference);
        _highestReference = double.IsNaN(_highestReference) ? reference : Math.Max(_highestReference, double.IsNaN(reference) ? _highestReference : reference);
        return _highestReference - _lowestReference >= swing && _time.GetElapsedTime(_rawSince) >= Patience;
    }
}
