using System.Runtime.CompilerServices;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// A loaded adapter: matrices that stand in place of a graph's empty ones. It stays as long as somebody holds it: the cache, an answer's lease, a
/// generation. Its bindings are the decode thread's.
/// </summary>
internal sealed unsafe class LoraAdapter
{
    private readonly byte[] _file;
    private readonly List<AdapterParameter> _parameters;
    private readonly OrtName[] _names;
    private int _holders = 1;

    private LoraAdapter(string id, byte[] file, List<AdapterParameter> parameters, int bindings)
    {
        (Id, _file, _parameters) = (id, file, parameters);
        _names = new OrtName[parameters.Count];
        for (var i = 0; i < _names.Length; i++)
        {
            _names[i] = new OrtName(parameters[i].Name);
        }

        Bindings = new RowBinding?[bindings];
    }

    /// <summary>The id of its manifest.</summary>
    internal string Id { get; }

    /// <summary>The graph's inputs for rows that are computed with it.</summary>
    internal RowBinding?[] Bindings { get; }

    /// <summary>Reads an adapter and sees that it fits the graph.</summary>
    /// <param name="model">In the store; verified.</param>
    /// <param name="session">The graph.</param>
    /// <param name="bindings">How many different bindings there may be.</param>
    /// <exception cref="ModelLoadException">It can't be read, or is for another graph; says why.</exception>
    internal static LoraAdapter Load(StoredModel model, OrtSession session, int bindings)
    {
        var settings = model.Manifest.Adapter!;
        try
        {
            using var stream = File.OpenRead(Path.Combine(model.Folder, settings.File));
            var file = GC.AllocateUninitializedArray<byte>(checked((int)stream.Length), pinned: true);
            stream.ReadExactly(file);
            var parameters = new AdapterFile(file).Read();
            foreach (var parameter in parameters)
            {
                RequireFit(parameter, session);
            }

            return new LoraAdapter(model.Id, file, parameters, bindings);
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            throw new ModelLoadException($"The adapter {model.Name} can't be loaded: {(e is OverflowException ? "its adapter file is damaged." : e.Message)}", model.Folder, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException($"The adapter {model.Name} can't be loaded: its files can't be read.", e.Message, e);
        }
    }

    /// <summary>Puts its matrices into a binding.</summary>
    internal void Bind(OrtIoBinding binding)
    {
        var first = (byte*)Unsafe.AsPointer(ref _file[0]);
        for (var i = 0; i < _names.Length; i++)
        {
            using var tensor = OrtTensor.Over(first + _parameters[i].Offset, _parameters[i].Type, [.. _parameters[i].Shape]);
            binding.Input(_names[i], tensor);
        }
    }

    internal void Hold() => Interlocked.Increment(ref _holders);

    internal void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Array.ForEach(Bindings, b => b?.Dispose());
        }
    }

    private static void RequireFit(AdapterParameter parameter, OrtSession session)
    {
        foreach (var input in session.Overridable)
        {
            if (input.Name == parameter.Name)
            {
                var fits = input.Type == parameter.Type && input.Shape.Count == parameter.Shape.Count;
                for (var i = 0; fits && i < input.Shape.Count; i++)
                {
                    fits = input.Shape[i] < 0 || input.Shape[i] == parameter.Shape[i];
                }

                if (fits)
                {
                    return;
                }
            }
        }

        throw new InvalidDataException($"its {parameter.Name} fits no input of its base model's graph.");
    }
}
