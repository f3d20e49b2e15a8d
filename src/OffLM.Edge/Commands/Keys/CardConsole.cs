using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Commands.Keys;

/// <summary>Asks a person for PINs and consent, or takes PINs from the environment where nobody is there. PINs are never arguments: those are seen by all.</summary>
/// <param name="input">Where answers come from.</param>
/// <param name="output">Where questions go; standard error, for standard output is for results.</param>
/// <param name="interactive">Whether somebody is there to be asked.</param>
internal sealed class CardConsole(TextReader input, TextWriter output, bool interactive)
{
    public const string PinVariable = CardPinSources.EnvironmentVariable;
    public const string NewPinVariable = "OFFLM_KEY_NEW_PIN";
    public const string AdminPinVariable = "OFFLM_KEY_ADMIN_PIN";
    public const string NewAdminPinVariable = "OFFLM_KEY_NEW_ADMIN_PIN";

    /// <summary>Longer than any card's PIN.</summary>
    private const int MaxLength = 256;

    /// <summary>The terminal of this process.</summary>
    public static CardConsole OfProcess() => new(Console.In, Console.Error, !Console.IsInputRedirected);

    /// <summary>True if somebody is there to be asked.</summary>
    public bool IsInteractive => interactive;

    public void Say(string sentence) => output.WriteLine(sentence);

    /// <summary>Asks for consent, which only the whole word gives.</summary>
    /// <exception cref="CommandException">It was not given.</exception>
    public void RequireYes(string question)
    {
        if (!interactive)
        {
            throw new CommandException($"Nothing was changed. {question} Say --yes where nobody can be asked.");
        }

        output.Write($"{question} Type yes: ");
        if (input.ReadLine() is not "yes")
        {
            throw new CommandException("Nothing was changed.");
        }
    }

    /// <summary>A PIN from the environment, else from whoever sits there.</summary>
    /// <param name="variable">Names the variable.</param>
    /// <param name="question">What is asked for.</param>
    /// <returns>The PIN; null if there is none in the environment and nobody there, or nothing was typed.</returns>
    public SecretText? Pin(string variable, string question)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text)
        {
            return SecretText.Of(text);
        }

        if (!interactive)
        {
            return null;
        }

        output.Write($"{question}: ");
        var typed = ReferenceEquals(input, Console.In) ? ReadHidden() : SecretText.Of(input.ReadLine());
        output.WriteLine();
        if (typed.Bytes.IsEmpty)
        {
            typed.Dispose();
            return null;
        }

        return typed;
    }

    /// <summary>A new PIN, asked for twice.</summary>
    /// <exception cref="CommandException">The two differ, or there is none.</exception>
    public SecretText NewPin(string variable, string question) =>
        OptionalNewPin(variable, question) ?? throw new CommandException($"Nothing was changed: no new PIN was given. Type one, or put it into {variable}.");

    /// <summary>Like <see cref="NewPin"/>; null if none was given.</summary>
    public SecretText? OptionalNewPin(string variable, string question)
    {
        var first = Pin(variable, question);
        if (first is null || Environment.GetEnvironmentVariable(variable) is { Length: > 0 })
        {
            return first;
        }

        using var second = Pin(variable, "Once more");
        if (second is null || !first.Is(second))
        {
            first.Dispose();
            throw new CommandException("Nothing was changed: the two PINs differ.");
        }

        return first;
    }

    /// <summary>Reads a line without showing it.</summary>
    private static SecretText ReadHidden()
    {
        Span<char> typed = stackalloc char[MaxLength];
        var length = 0;
        try
        {
            while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
            {
                if (key.Key == ConsoleKey.Backspace)
                {
                    length = Math.Max(0, length - 1);
                }
                else if (!char.IsControl(key.KeyChar) && length < MaxLength)
                {
                    typed[length++] = key.KeyChar;
                }
            }

            return SecretText.Of(typed[..length]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(typed));
        }
    }
}
