using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using OffLM.Edge.Bench.Bare;
using static OffLM.Edge.Bench.Llama.NativeMethods;

namespace OffLM.Edge.Bench.Llama;

/// <summary>A model in llama.cpp with its default settings and nothing around it. Lives as long as the process.</summary>
internal sealed unsafe class LlamaModel
{
    /// <summary>GGML_LOG_LEVEL_ERROR.</summary>
    private const int ErrorLevel = 4;

    /// <summary>More than ggml_threadpool_params has, which its own function fills in.</summary>
    private const int ThreadParametersSize = 1024;

    private readonly nint _context;
    private readonly nint _memory;
    private readonly int _vocabulary;

    /// <param name="libraries">The folder with llama.cpp.</param>
    /// <param name="file">The model.</param>
    /// <param name="contextTokens">The longest sequence.</param>
    /// <param name="threads">That compute, the calling one included.</param>
    /// <exception cref="InvalidOperationException">llama.cpp refuses; its message is on standard error.</exception>
    public LlamaModel(string libraries, string file, int contextTokens, int threads)
    {
        Load(libraries);
        llama_log_set(&Log, null);
        ggml_backend_load_all_from_path(libraries);
        llama_backend_init();
        var model = Made(llama_model_load_from_file(file, llama_model_default_params()), $"load {file}");
        _vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
        var parameters = llama_context_default_params();
        parameters.ContextTokens = (uint)contextTokens;
        _context = Made(llama_init_from_model(model, parameters), "make a context");
        _memory = llama_get_memory(_context);
        llama_set_n_threads(_context, threads, threads);

        // Without a pool of its own, threads are made and ended for each step. llama.cpp's own programs attach one.
        llama_attach_threadpool(_context, ThreadPool(threads), 0);
    }

    /// <summary>The CPU library that llama.cpp chose for this processor, as <c>haswell</c>.</summary>
    public static string Variant()
    {
        const string Before = "libggml-cpu-";
        var name = File.ReadLines("/proc/self/maps").FirstOrDefault(line => line.Contains(Before, StringComparison.Ordinal))
            ?? throw new InvalidOperationException("llama.cpp has not loaded a library for the CPU.");
        return Path.GetFileNameWithoutExtension(name[name.IndexOf(Before, StringComparison.Ordinal)..])[Before.Length..];
    }

    /// <summary>Greedy tokens after a prompt of random ones, whose meaning costs nothing.</summary>
    /// <param name="seed">Of the prompt.</param>
    /// <param name="promptTokens">Its length.</param>
    /// <param name="most">Tokens to generate; there is no end token.</param>
    public BareRun Generate(int seed, int promptTokens, int most)
    {
        var random = new Random(seed);
        var prompt = new int[promptTokens];
        for (var i = 0; i < prompt.Length; i++)
        {
            prompt[i] = random.Next(_vocabulary);
        }

        llama_memory_clear(_memory, 1);
        var begun = Stopwatch.GetTimestamp();
        var token = Next(prompt);
        var toFirst = Stopwatch.GetElapsedTime(begun);
        for (var i = 1; i < most; i++)
        {
            token = Next([token]);
        }

        return new BareRun(most, toFirst, Stopwatch.GetElapsedTime(begun), FirstIsText: true);
    }

    private int Next(ReadOnlySpan<int> tokens)
    {
        fixed (int* first = tokens)
        {
            if (llama_decode(_context, llama_batch_get_one(first, tokens.Length)) is not 0 and var outcome)
            {
                throw new InvalidOperationException($"llama_decode of {tokens.Length} tokens returned {outcome}.");
            }
        }

        return Likeliest(new ReadOnlySpan<float>(llama_get_logits_ith(_context, -1), _vocabulary));
    }

    /// <summary>In a fiftieth of a millisecond: this isn't what is measured.</summary>
    private static int Likeliest(ReadOnlySpan<float> logits)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(logits);
        var most = new Vector<float>(float.NegativeInfinity);
        foreach (var vector in vectors)
        {
            most = Vector.Max(most, vector);
        }

        var highest = float.NegativeInfinity;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            highest = MathF.Max(highest, most[lane]);
        }

        foreach (var logit in logits[(vectors.Length * Vector<float>.Count)..])
        {
            highest = MathF.Max(highest, logit);
        }

        return logits.IndexOf(highest);
    }

    private static nint ThreadPool(int threads)
    {
        var parameters = stackalloc byte[ThreadParametersSize];
        ggml_threadpool_params_init(parameters, threads);
        var backend = Made(ggml_backend_reg_by_name("CPU"), "find its CPU library");
        var make = (delegate* unmanaged<void*, nint>)Made(ggml_backend_reg_get_proc_address(backend, "ggml_threadpool_new"), "find ggml_threadpool_new");
        return Made(make(parameters), "make threads");
    }

    private static nint Made(nint pointer, string what) => pointer != 0 ? pointer : throw new InvalidOperationException($"llama.cpp could not {what}.");

    /// <summary>The file names bear a version; each of the three is there once. No other resolver is set in this process.</summary>
    private static void Load(string folder) =>
        NativeLibrary.SetDllImportResolver(typeof(LlamaModel).Assembly, (name, _, _) => name switch
        {
            LlamaLibrary or GgmlLibrary => NativeLibrary.Load(Directory.GetFiles(folder, $"lib{name}.v*.so").Single()),
            GgmlBaseLibrary => NativeLibrary.Load(Path.Combine(folder, $"lib{name}.so")),
            _ => 0,
        });

    [UnmanagedCallersOnly]
    private static void Log(int level, byte* text, void* data)
    {
        if (level == ErrorLevel)
        {
            Console.Error.Write(Marshal.PtrToStringUTF8((nint)text));
        }
    }
}
