using System.Buffers;
using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Documents;

/// <summary>
/// Checks an export with nothing but the document. Reads it once, from a stream of any length, with the leaves of one batch
/// and the request names in memory. A receipt that can't be read is reported and passed over; where the document's frame is
/// broken, reading stops, as nothing after it can be told apart.
/// </summary>
public sealed class ExportVerifier
{
    private const int InitialBufferBytes = 256 * 1024;

    /// <summary>A receipt is about 1.7 kB; more than this in one piece is none.</summary>
    private const int MaxPieceBytes = 1024 * 1024;

    private readonly ExportChecks _checks = new();
    private Place _next = Place.Start;
    private JsonReaderState _state;

    private ExportVerifier()
    {
    }

    /// <summary>What comes next in a document. Members have a fixed order: what is needed to check comes before what is checked.</summary>
    private enum Place
    {
        Start,
        Domain,
        Tariffs,
        TariffOrEnd,
        Batches,
        BatchOrEnd,
        BatchHeader,
        Signature,
        Receipts,
        EntryOrEnd,
        BatchEnd,
        DocumentEnd,
        Nothing,
    }

    /// <summary>Checks a document. Whatever is wrong with it is in the result.</summary>
    /// <param name="document">UTF-8; read to its end, not closed.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="IOException">The stream can't be read.</exception>
    public static async Task<VerificationResult> VerifyAsync(Stream document, CancellationToken cancellation)
    {
        var verifier = new ExportVerifier();
        try
        {
            await verifier.ReadAsync(document, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            verifier._checks.Fail(FailureKind.Structure, $"{e.Message} Reading stopped here.");
        }

        return verifier._checks.Result();
    }

    private async Task ReadAsync(Stream document, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(InitialBufferBytes);
        try
        {
            var filled = 0;
            int read;
            do
            {
                if (filled == buffer.Length)
                {
                    buffer = Grow(buffer);
                }

                read = await document.ReadAsync(buffer.AsMemory(filled), cancellation).ConfigureAwait(false);
                filled += read;
                var consumed = Process(buffer.AsSpan(0, filled), isFinal: read == 0);
                buffer.AsSpan(consumed..filled).CopyTo(buffer);
                filled -= consumed;
            }
            while (read > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer)
    {
        if (buffer.Length >= MaxPieceBytes)
        {
            throw new FormatException($"A single value is longer than {MaxPieceBytes} bytes.");
        }

        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    /// <summary>Checks as many whole pieces as there are.</summary>
    /// <returns>Their bytes.</returns>
    private int Process(ReadOnlySpan<byte> data, bool isFinal)
    {
        var reader = new Utf8JsonReader(data, isFinal, _state);
        while (true)
        {
            var before = reader;
            if (!Step(ref reader, data))
            {
                // The piece goes on in bytes that aren't here yet.
                reader = before;
                break;
            }
        }

        if (isFinal && _next != Place.Nothing)
        {
            throw new FormatException("The document ends early.");
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    /// <summary>Takes the next piece; false if not all of it is here.</summary>
    private bool Step(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        switch (_next)
        {
            case Place.Start:
                return Open(ref reader, JsonTokenType.StartObject, Place.Domain);
            case Place.Domain:
                return Domain(ref reader, data);
            case Place.Tariffs:
                return Member(ref reader, "tariffs"u8) && Open(ref reader, JsonTokenType.StartArray, Place.TariffOrEnd);
            case Place.TariffOrEnd:
                return TariffOrEnd(ref reader, data);
            case Place.Batches:
                return Member(ref reader, "batches"u8) && Open(ref reader, JsonTokenType.StartArray, Place.BatchOrEnd);
            case Place.BatchOrEnd:
                return BatchOrEnd(ref reader);
            case Place.BatchHeader:
                return BatchHeader(ref reader, data);
            case Place.Signature:
                return Signature(ref reader, data);
            case Place.Receipts:
                return Member(ref reader, "receipts"u8) && Open(ref reader, JsonTokenType.StartArray, Place.EntryOrEnd);
            case Place.EntryOrEnd:
                return EntryOrEnd(ref reader, data);
            case Place.BatchEnd:
                return Open(ref reader, JsonTokenType.EndObject, Place.BatchOrEnd);
            case Place.DocumentEnd:
                return Open(ref reader, JsonTokenType.EndObject, Place.Nothing);
            default:
                // Throws if anything but white space follows.
                return reader.Read();
        }
    }

    private bool Domain(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Member(ref reader, "domain"u8) || !Piece(ref reader, data, out var piece))
        {
            return false;
        }

        try
        {
            _checks.Domain(DomainJson.Read(piece));
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            _checks.Fail(FailureKind.Structure, $"{e.Message} Without it no signature can be checked.");
        }

        _next = Place.Tariffs;
        return true;
    }

    private bool TariffOrEnd(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Piece(ref reader, data, out var piece))
        {
            return false;
        }

        if (reader.TokenType == JsonTokenType.EndArray && piece.Length == 1)
        {
            _next = Place.Batches;
        }
        else
        {
            _checks.Tariff(ReadStruct<Tariff>(piece));
        }

        return true;
    }

    private bool BatchOrEnd(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
        {
            return false;
        }

        _next = reader.TokenType switch
        {
            JsonTokenType.StartObject => Place.BatchHeader,
            JsonTokenType.EndArray => Place.DocumentEnd,
            var other => throw new FormatException($"Expected a batch as a JSON object, found {other}."),
        };
        if (_next == Place.DocumentEnd && _checks.IsEmpty)
        {
            _checks.Fail(FailureKind.Structure, "The document has no batch.");
        }

        return true;
    }

    private bool BatchHeader(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Member(ref reader, "batch"u8) || !Piece(ref reader, data, out var piece))
        {
            return false;
        }

        _checks.BeginBatch(ReadStruct<ReceiptBatch>(piece));
        _next = Place.Signature;
        return true;
    }

    private bool Signature(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Member(ref reader, "signature"u8) || !Piece(ref reader, data, out var piece))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[RecoverableSignature.Size];
        if (piece is [(byte)'"', .. var text, (byte)'"'] && Hex.TryDecode(text, bytes, HexCase.Lower) && bytes[^1] is 27 or 28)
        {
            _checks.Signature(new RecoverableSignature(bytes));
        }
        else
        {
            _checks.Fail(FailureKind.Structure, "The signature is not 0x and 130 lower-case hexadecimal digits that end in 1b or 1c.");
        }

        _next = Place.Receipts;
        return true;
    }

    private bool EntryOrEnd(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!Piece(ref reader, data, out var piece))
        {
            return false;
        }

        if (reader.TokenType == JsonTokenType.EndArray && piece.Length == 1)
        {
            _checks.EndBatch();
            _next = Place.BatchEnd;
        }
        else if (TryReadLeaf(piece, out var leaf))
        {
            _checks.Leaf(leaf);
        }
        else if (ReadStruct<Receipt>(piece) is { } receipt)
        {
            _checks.Receipt(receipt);
        }
        else
        {
            _checks.Leaf(null);
        }

        return true;
    }

    private static bool TryReadLeaf(ReadOnlySpan<byte> piece, out Bytes32 leaf)
    {
        leaf = default;
        var reader = new Utf8JsonReader(piece);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject
            && reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("leaf"u8)
            && reader.Read() && reader.TokenType == JsonTokenType.String && Hex.TryDecode(reader.ValueSpan, leaf, HexCase.Lower)
            && reader.Read() && reader.TokenType == JsonTokenType.EndObject;
    }

    private T? ReadStruct<T>(ReadOnlySpan<byte> piece)
        where T : class, ITypedStruct<T>, new()
    {
        try
        {
            return TypedStruct.ReadJson<T>(piece, JsonForm.Written);
        }
        catch (FormatException e)
        {
            _checks.Fail(FailureKind.Structure, e.Message, _checks.Place);
            return null;
        }
    }

    /// <summary>Takes one structural token.</summary>
    private bool Open(ref Utf8JsonReader reader, JsonTokenType expected, Place then)
    {
        if (!reader.Read())
        {
            return false;
        }

        if (reader.TokenType != expected)
        {
            throw new FormatException($"Expected {expected}, found {Describe(reader)}.");
        }

        _next = then;
        return true;
    }

    /// <summary>Takes the name of the one member that may come here.</summary>
    private static bool Member(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        if (!reader.Read())
        {
            return false;
        }

        return reader.TokenType == JsonTokenType.PropertyName && reader.ValueSpan.SequenceEqual(name)
            ? true
            : throw new FormatException($"Expected the field '{System.Text.Encoding.ASCII.GetString(name)}', found {Describe(reader)}.");
    }

    /// <summary>Takes a whole value, or the end of an array.</summary>
    private static bool Piece(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, out ReadOnlySpan<byte> piece)
    {
        piece = default;
        if (!reader.Read())
        {
            return false;
        }

        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip())
        {
            return false;
        }

        piece = data[start..(int)reader.BytesConsumed];
        return true;
    }

    private static string Describe(in Utf8JsonReader reader)
    {
        const int shown = 40;
        if (reader.TokenType != JsonTokenType.PropertyName)
        {
            return reader.TokenType.ToString();
        }

        var name = System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
        return $"the field '{(name.Length <= shown ? name : name[..shown] + "…")}'";
    }
}
