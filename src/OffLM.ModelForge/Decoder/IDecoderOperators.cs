using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Decoder;

/// <summary>The operators that a decoder is made of.</summary>
internal interface IDecoderOperators
{
    /// <summary>RMS normalisation of the residual plus what was last added (empty for nothing); returns the sum as the new residual.</summary>
    (string Normal, string Residual) Normalise(string name, string weight, string residual, string added);

    /// <summary>Attention with rotary embedding over one layer's cache.</summary>
    /// <param name="layer">Its index.</param>
    /// <param name="name">What the nodes' names begin with.</param>
    /// <param name="projected">Queries, keys and values, packed.</param>
    string Attend(int layer, string name, string projected);

    /// <summary>Adds a matrix.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="inputs">Columns.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="deviation">Standard deviation of a row's weights.</param>
    /// <param name="asTable">Whether tokens are looked up in it too.</param>
    QuantisedMatrix Matrix(string name, int inputs, int outputs, Func<int, float> deviation, bool asTable);

    /// <summary>Multiplies with a matrix.</summary>
    string Multiply(string name, string input, QuantisedMatrix matrix, string? output);

    /// <summary>Looks the prompt's tokens up in a matrix that was added as a table.</summary>
    string LookUp(string name, QuantisedMatrix matrix);
}
