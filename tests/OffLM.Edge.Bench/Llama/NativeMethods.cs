using System.Runtime.InteropServices;

namespace OffLM.Edge.Bench.Llama;

/// <summary>The few functions of llama.h, ggml.h and ggml-backend.h that the baseline calls.</summary>
internal static unsafe partial class NativeMethods
{
    public const string LlamaLibrary = "llama";
    public const string GgmlLibrary = "ggml";
    public const string GgmlBaseLibrary = "ggml-base";

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_log_set(delegate* unmanaged<int, byte*, void*, void> log, void* data);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_backend_init();

    [LibraryImport(LlamaLibrary)]
    public static partial Parameters llama_model_default_params();

    [LibraryImport(LlamaLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint llama_model_load_from_file(string path, Parameters parameters);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_model_get_vocab(nint model);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_vocab_n_tokens(nint vocabulary);

    [LibraryImport(LlamaLibrary)]
    public static partial Parameters llama_context_default_params();

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_init_from_model(nint model, Parameters parameters);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_set_n_threads(nint context, int threads, int promptThreads);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_attach_threadpool(nint context, nint threads, nint promptThreads);

    [LibraryImport(LlamaLibrary)]
    public static partial nint llama_get_memory(nint context);

    [LibraryImport(LlamaLibrary)]
    public static partial void llama_memory_clear(nint memory, byte data);

    [LibraryImport(LlamaLibrary)]
    public static partial Batch llama_batch_get_one(int* tokens, int count);

    [LibraryImport(LlamaLibrary)]
    public static partial int llama_decode(nint context, Batch batch);

    [LibraryImport(LlamaLibrary)]
    public static partial float* llama_get_logits_ith(nint context, int index);

    [LibraryImport(GgmlLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void ggml_backend_load_all_from_path(string folder);

    [LibraryImport(GgmlLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ggml_backend_reg_by_name(string name);

    [LibraryImport(GgmlBaseLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint ggml_backend_reg_get_proc_address(nint backend, string name);

    [LibraryImport(GgmlBaseLibrary)]
    public static partial void ggml_threadpool_params_init(void* parameters, int threads);
}

/// <summary>llama_model_params or llama_context_params. Both go by value through memory, so that one that is too large serves for either: the library
/// reads and writes its own length only.</summary>
[StructLayout(LayoutKind.Explicit, Size = 512)]
internal struct Parameters
{
    /// <summary>n_ctx of llama_context_params.</summary>
    [FieldOffset(0)]
    public uint ContextTokens;

    /// <summary>Here for the alignment of a pointer.</summary>
    [FieldOffset(504)]
    public nint Last;
}

/// <summary>llama_batch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Batch
{
    public int Count;
    public nint Tokens;
    public nint Embeddings;
    public nint Positions;
    public nint SequenceCounts;
    public nint Sequences;
    public nint Outputs;
}
