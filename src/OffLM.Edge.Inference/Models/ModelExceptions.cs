namespace OffLM.Edge.Inference;

/// <summary>No model of this name is in the store, or the name fits several.</summary>
public sealed class ModelNotFoundException(string message) : InferenceException(message);

/// <summary>A model's files don't match its manifest. The message names the file and both digests or sizes.</summary>
public sealed class ModelDamagedException(string message) : InferenceException(message);

/// <summary>The model's files are as they should be, but the engine can't load it, or it has no engine here.</summary>
public sealed class ModelLoadException(string message, Exception? inner = null) : InferenceException(message, inner);

/// <summary>As many models as may be loaded are all in use.</summary>
public sealed class ModelBusyException(string message) : InferenceException(message);

/// <summary>A model could not be fetched. What was fetched is kept and resumed by the next pull.</summary>
public sealed class ModelPullException(string message, Exception? inner = null) : InferenceException(message, inner);
